"""Frames taken from the capture within a time, and the threads that read them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from edge.capture import Frames
from edge.types import Frame


def capture_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "capture"]


def wait_for(condition: Callable[[], object], timeout_s: float = 1.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(condition())


def take(frames: Frames, count: int, timeout_s: float = 2.0) -> list[Frame]:
    """The next so many frames; what comes in between is None."""
    taken: list[Frame] = []
    end = time.monotonic() + timeout_s
    for frame in frames:
        if frame is not None:
            taken.append(frame)
        if len(taken) == count:
            break
        assert time.monotonic() < end, f"{len(taken)} of {count} frames"
    return taken


def until(frames: Frames, condition: Callable[[], object], timeout_s: float = 2.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        next(frames)
        assert time.monotonic() < end, "the condition did not come true"
