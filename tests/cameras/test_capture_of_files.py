"""What the loop gets from a file: every frame, without a thread."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import capture
from edge.cameras.files import Pictures, VideoFile
from edge.capture import every_frame
from edge.control import Control
from edge.errors import SourceError
from edge.types import Frame
from tests.cameras.capturing import capture_threads, take
from tests.cameras.sources import CONFIG, video_at

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


def test_a_paced_clip_takes_its_own_time(tmp_path: Path):
    started = time.monotonic()
    assert (
        len(list(every_frame(VideoFile(video_at(tmp_path / "clip.avi", 4, 20.0), CONFIG), Control(), paced=True))) == 4
    )
    assert time.monotonic() - started >= 0.15


def test_pictures_stay_to_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capture, "PICTURE_S", 0.3)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    control = Control()
    frames = every_frame(Pictures(str(tmp_path), CONFIG), control, paced=True, staying=True)
    assert next(frames).number == 0
    started = time.monotonic()
    assert next(frame for frame in frames if frame is not None).number == 1
    assert time.monotonic() - started >= 0.3
    assert [next(frames) for _ in range(5)] == [None] * 5, "the last one stays, and the loop goes round"
    control.stop.set()
    assert list(frames) == []
    assert [frame.number for frame in every_frame(Pictures(str(tmp_path), CONFIG), Control(), paced=True)] == [0, 1]


def test_a_long_wait_for_the_next_frame_ends_when_the_loop_is_to_stop():
    """A slide show: the loop is told meanwhile that there is nothing, and sees to its other duties."""
    control = Control()
    frames = every_frame(SlideShow(), control, paced=True)
    first, nothing = next(frames), next(frames)
    assert first is not None
    assert nothing is None
    control.stop.set()
    started = time.monotonic()
    list(frames)
    assert time.monotonic() - started < 5


class SlideShow:
    """A picture every ten minutes."""

    name, live = "slides", False

    def open(self) -> None:
        self.number = 0

    def read(self) -> Frame:
        self.number += 1
        return Frame(np.zeros((4, 4, 3), np.uint8), 600.0 * self.number, 0.0, self.number)

    def close(self) -> None:
        pass


def test_a_late_frame_does_not_hurry_those_after_it(monkeypatch: pytest.MonkeyPatch):
    now = 100.0
    monkeypatch.setattr(capture.time, "monotonic", lambda: now)
    clock = capture._ClipClock()
    assert clock.due(0.0) == 100.0
    now = 100.1
    assert clock.due(0.02) == pytest.approx(100.1)
    assert clock.due(0.05) == pytest.approx(100.13)
