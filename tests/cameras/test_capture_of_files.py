"""What the loop gets from a file: every frame, without a thread."""

from __future__ import annotations

import numpy as np
import pytest

from edge.capture import every_frame
from edge.control import Control
from edge.errors import SourceError
from edge.types import Frame
from tests.cameras.capturing import capture_threads, take

pytestmark = pytest.mark.usefixtures("no_thread_stays")


class Clip:
    """A file of so many frames."""

    name, live = "clip", False

    def __init__(self, count: int) -> None:
        self.count, self.read_so_far, self.closed = count, 0, 0

    def open(self) -> None:
        if self.count == 0:
            raise SourceError("not a clip")

    def read(self) -> Frame | None:
        if self.read_so_far == self.count:
            return None
        self.read_so_far += 1
        return Frame(np.zeros((4, 4, 3), np.uint8), self.read_so_far / 30, 0.0, self.read_so_far - 1)

    def close(self) -> None:
        self.closed += 1


def test_every_frame_of_a_file_comes_without_a_thread():
    clip = Clip(20)
    frames = every_frame(clip, Control())
    next(frames)
    assert not capture_threads()
    assert [frame.number for frame in frames if frame] == list(range(1, 20))
    assert clip.closed


def test_stop_ends_a_file():
    control, clip = Control(), Clip(20)
    frames = every_frame(clip, control)
    take(frames, 3)
    control.stop.set()
    assert list(frames) == []
    assert (clip.read_so_far, clip.closed) == (3, 1)


def test_a_file_is_not_read_while_detection_is_off():
    control, clip, states = Control(), Clip(5), []
    frames = every_frame(clip, control, states.append)
    take(frames, 2)
    control.switch_detection(False)
    assert [next(frames), next(frames)] == [None, None]
    assert clip.read_so_far == 2
    control.switch_detection(True)
    assert [frame.number for frame in take(frames, 3)] == [2, 3, 4]
    assert states == ["paused", "running"]


def test_a_file_that_cannot_be_opened_says_so():
    clip = Clip(0)
    with pytest.raises(SourceError, match="not a clip"):
        next(every_frame(clip, Control()))
    assert clip.closed
