"""Frames for the loop: every one of a file, or always the newest of a live camera.

A live camera is opened, read and closed in a thread, so that a driver that hangs cannot hang the loop. One opening is
one session with a thread and a copy of the camera of its own; a session whose driver never returns is left behind, a
daemon thread, and shares nothing with the next.
"""

from __future__ import annotations

import copy
import logging
import math
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace

from edge.cameras import Camera
from edge.cameras.waiting import frame_timeout_s
from edge.config import CameraConfig
from edge.control import Control
from edge.errors import CameraError, EdgeError
from edge.types import Frame, State

log = logging.getLogger(__name__)

Frames = Generator[Frame | None, None, None]
"""None, about every IDLE_S while there is no new frame, lets the loop see to its other duties."""

OnState = Callable[[State], None]

THREAD = "capture"
IDLE_S = 0.1
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0
"""Between attempts to open a lost camera; each pause is twice the one before."""
STEADY_S = 30.0
"""A camera that has delivered for so long is well again: its next loss begins with the first pause."""
PATIENCE = 1.2
"""Times `frame_timeout_s`: a camera that keeps to it itself ends in order before it is left behind as hanging."""
HANGING_S = 0.1
"""A driver that does not return for so long after it was asked to stop is not waited for any more;"""
LATE_RATIO = 1.5
"""unless its frames come more slowly: then for so many times as long as one has taken, up to CLOSING_S."""
CLOSING_S = 2.0
"""A driver that has returned may take so long to give the camera back."""
PICTURE_S = 3.0
"""A picture of a folder stays so long where someone looks at it."""


def every_frame(
    camera: Camera,
    control: Control,
    on_state: OnState = lambda state: None,
    *,
    paced: bool = False,
    staying: bool = False,
) -> Frames:
    """All frames of a file, in the caller's thread, until it ends or the control says stop. Raises SourceError.

    paced: each at its own time, for someone watching, instead of as fast as they are taken. staying: so that a picture
    can be looked at, it stays for PICTURE_S, and the last one until the control says stop. While detection is off
    nothing is read. None is yielded then, and while a frame is not due.
    """
    clock = _ClipClock()
    looked_at = False
    try:
        camera.open()
        while not control.stop.is_set():
            if not control.detection:
                on_state("paused")
                yield from _paused(control)
                on_state("running")
            elif (frame := camera.read()) is not None:
                if looked_at:
                    yield from _waiting(time.monotonic() + PICTURE_S, control)
                if paced:
                    yield from _waiting(clock.due(frame.time), control)
                looked_at = staying and frame.file is not None
                yield frame
            else:
                if looked_at:
                    yield from _waiting(math.inf, control)
                return
    finally:
        camera.close()


def latest_frames(camera: Camera, control: Control, config: CameraConfig, on_state: OnState) -> Frames:
    """The newest frame of a live camera each time, until the control says stop. Call close() on it when done.

    A camera that is lost is looked for with growing pauses (state "waiting"); while detection is off it is released
    ("paused"). Raises CameraError where it cannot be opened at the start, or stays away for config.give_up_s.
    """
    return _LiveCamera(camera, control, config, on_state).frames()


def left_behind() -> bool:
    """Whether a driver that did not return still hangs in a thread of ours."""
    return any(thread.name == THREAD for thread in threading.enumerate())


def _waiting(until: float, control: Control, *, detecting: bool = False) -> Frames:
    """Until then, or until the control says stop. detecting: or until detection is switched off."""
    while (left_s := until - time.monotonic()) > 0 and (control.detection or not detecting):
        if control.stop.wait(min(left_s, IDLE_S)):
            return
        if left_s > IDLE_S:
            yield None


def _paused(control: Control) -> Frames:
    """Until detection is on again."""
    while not control.detection and not control.stop.wait(IDLE_S):
        yield None


class _ClipClock:
    """When the frames of a clip are due. After a late one the clip goes on from there and is not hurried."""

    def __init__(self) -> None:
        self._start = -math.inf

    def due(self, clip_time: float) -> float:
        """For the frame of this time, in seconds: by the clock of `time.monotonic`."""
        self._start = max(self._start, time.monotonic() - clip_time)
        return self._start + clip_time


class _LiveCamera:
    """Opens the camera as often as it takes. Remembers across openings what was told, and where the numbers are."""

    def __init__(self, camera: Camera, control: Control, config: CameraConfig, on_state: OnState) -> None:
        self._camera, self._control, self._config, self._on_state = camera, control, config, on_state
        self._state: State | None = None
        self._next_number = 0
        self._outage = _Outage(camera.name, config.give_up_s)

    def frames(self) -> Frames:
        while not self._control.stop.is_set():
            if self._control.detection:
                yield from self._one_opening()
            else:
                self._tell("paused")
                if left_behind():
                    log.warning(
                        "%s: its driver does not return; the camera may stay on until it does, or the program ends",
                        self._camera.name,
                    )
                self._outage = _Outage(self._camera.name, self._config.give_up_s)
                yield from _paused(self._control)

    def _one_opening(self) -> Frames:
        """Frames until the camera is lost, and the pause after that; or until stop or the privacy switch."""
        session = _Session(copy.copy(self._camera), self._config, self._next_number)
        try:
            with session:
                for frame in session.frames(self._control):
                    if frame is not None:
                        self._next_number = frame.number + 1
                        self._outage.ended()
                        self._tell("running")
                    yield frame
        except CameraError as err:
            if self._state is None and not session.opened:
                raise
            pause_s = self._outage.goes_on(err)
            self._tell("waiting")
            yield from _waiting(time.monotonic() + pause_s, self._control, detecting=True)

    def _tell(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self._on_state(state)


class _Outage:
    """The times a camera is away: told once when one begins and once when it ends; sets the pauses between attempts."""

    def __init__(self, name: str, give_up_s: float) -> None:
        self._name, self._give_up_s = name, give_up_s
        self._since: float | None = None
        self._well_since = 0.0
        self._pause_s = FIRST_PAUSE_S

    def goes_on(self, err: CameraError) -> float:
        """Seconds to pause after this failure. Raises CameraError when the camera has been away for too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            if now - self._well_since > STEADY_S:
                self._pause_s = FIRST_PAUSE_S
            log.warning("%s; looking for it for %g s", err, self._give_up_s)
        left_s = self._since + self._give_up_s - now
        if left_s <= 0:
            raise CameraError(f"{self._name}: did not come back within {self._give_up_s:g} s; at last: {err}") from err
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return min(pause_s, left_s)

    def ended(self) -> None:
        """The camera delivers."""
        if self._since is not None:
            self._well_since = time.monotonic()
            log.info("%s: back after %.0f s", self._name, self._well_since - self._since)
            self._since = None


class _Session:
    """One opening of the camera in a thread: open, read until told to stop or broken, close. The newest frame wins."""

    def __init__(self, camera: Camera, config: CameraConfig, first_number: int) -> None:
        self.opened = False
        self._camera, self._config = camera, config
        self._news = threading.Condition()
        self._newest: Frame | None = None
        self._next_number = first_number
        self._failure: EdgeError | None = None
        self._slowest_s = 0.0
        # Cameras take longer to open than to deliver.
        self._overdue = time.monotonic() + 2 * PATIENCE * frame_timeout_s(config, 0)
        self._stop, self._driver_returned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def __enter__(self) -> _Session:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._driver_returned.wait(max(HANGING_S, min(LATE_RATIO * self._slowest_s, CLOSING_S))):
            self._thread.join(CLOSING_S)
        # The failure's traceback holds this session: together they would keep a picture until some garbage collection.
        self._failure = self._newest = None

    def frames(self, control: Control) -> Frames:
        """Until stop or the privacy switch. Raises CameraError, or what else the camera raised, when it is lost."""
        while control.detection and not control.stop.is_set():
            frame = self._take()
            if frame is None:
                self._check()
            yield frame

    def _take(self) -> Frame | None:
        """The newest frame as soon as there is one, or None after IDLE_S or a failure."""
        with self._news:
            self._news.wait_for(lambda: self._newest or self._failure, IDLE_S)
            frame, self._newest = self._newest, None
        return frame

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if not self._thread.is_alive():
            raise CameraError(f"{self._camera.name}: reading it broke off with the error above")
        if time.monotonic() > self._overdue:
            raise CameraError(
                f"{self._camera.name}: {'no frame' if self.opened else 'it hangs at opening'} for too long"
            )

    def _run(self) -> None:
        """The thread."""
        try:
            self._camera.open()
            self.opened = True
            number = 0
            while not self._stop.is_set():
                asked = time.monotonic()
                self._overdue = asked + PATIENCE * frame_timeout_s(self._config, number)
                self._put(self._camera.read())
                self._slowest_s = max(self._slowest_s, time.monotonic() - asked)
                number += 1
        except EdgeError as err:
            with self._news:
                self._failure = err
                self._news.notify()
        finally:
            self._driver_returned.set()
            self._camera.close()

    def _put(self, frame: Frame | None) -> None:
        if frame is None:
            raise CameraError(f"{self._camera.name}: the stream ended")
        with self._news:
            skipped = self._newest.skipped + 1 if self._newest else 0
            self._newest = replace(frame, number=self._next_number, skipped=skipped)
            self._next_number += 1
            self._news.notify()
