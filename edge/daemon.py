"""The loop: frames through the pipeline into the sinks, until asked to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from edge.cameras import Camera
from edge.capture import Frames, every_frame, latest_frames
from edge.config import CameraConfig, PaceConfig
from edge.control import Control
from edge.health import Health, summary
from edge.pace import Pace
from edge.pipeline import Pipeline
from edge.sinks import Recorder, Remote, Sink
from edge.status_file import StatusFile
from edge.types import Frame, Result, State, Status
from edge.watchdog import Watchdog, status_text

log = logging.getLogger(__name__)

STATUS_INTERVAL_S = 1.0
IDLE_STATUS_INTERVAL_S = 0.2
"""While there are no results a window reads its keys when it is told the status."""
SUMMARY_INTERVAL_S = 60.0
SINK_RETRY_S = 10.0


class Daemon:
    """Owns the run of one camera, one pipeline and any number of sinks."""

    def __init__(
        self,
        camera: Camera,
        pipeline: Pipeline,
        sinks: list[Sink],
        control: Control,
        config: CameraConfig,
        pace: PaceConfig,
        status_file: StatusFile | None = None,
        *,
        paced: bool = False,
        staying: bool = False,
    ) -> None:
        """status_file: of this run; None: one that it makes itself. paced, staying: as `every_frame` takes them."""
        self._camera, self._pipeline, self._control, self._config = camera, pipeline, control, config
        self._outlets = [Outlet(sink) for sink in sinks]
        self._health = Health(
            camera.name, recording=any(isinstance(sink, Recorder) and sink.keeps_faces for sink in sinks)
        )
        self._pace = Pace(pace.hot_c)
        self._paced, self._staying = paced, staying
        self._watchdog = Watchdog()
        self._status_file = status_file or StatusFile()
        self._faces = 0
        self._last: Frame | None = None
        """The last one processed, while its faces count as there."""
        self._state: State = "waiting" if camera.live else "running"
        self._begun = not camera.live
        """Whether a live camera has delivered, was lost or is switched off: anything but its first opening, which may
        hang."""
        self._status_due = self._summary_due = 0.0

    def run(self, limit: int | None = None) -> None:
        """Until the files end, the limit of frames is reached, or the control says stop. Raises EdgeError."""
        self._status_file.open()
        for outlet in self._outlets:
            outlet.open()
        self._summary_due = time.monotonic() + SUMMARY_INTERVAL_S
        frames = self._frames()
        done = 0
        try:
            for frame in frames:
                if frame is not None:
                    result = self._pipeline.process(frame)
                    self._health.record(result)
                    self._show(result)
                    self._last = frame
                    done += 1
                # A live camera that runs, or is first opened, owes a frame: None is no sign of life then.
                idle = self._state != "running" or (frame is None and not self._camera.live)
                if frame is not None or (idle and self._begun):
                    self._watchdog.alive()
                self._tell_status(idle=idle)
                if done == limit or self._control.stop.is_set():
                    break
            self._status_file.stopped()
        finally:
            if self._camera.live:
                self._forget()
            self._status_file.close()
            self._watchdog.stopping()
            frames.close()
            for outlet in self._outlets:
                outlet.close()

    def _frames(self) -> Frames:
        if self._camera.live:
            return latest_frames(self._camera, self._control, self._config, self._changed)
        return every_frame(self._camera, self._control, self._changed, paced=self._paced, staying=self._staying)

    def _changed(self, state: State) -> None:
        self._state, self._begun = state, True
        self._status_due = 0.0
        if state != "running":
            self._forget()

    def _forget(self) -> None:
        """Tell that everyone has left: while the camera is away or switched off, and afterwards, nobody knows."""
        if self._last is None:
            return
        result, self._last = self._pipeline.forget(self._last), None
        if self._faces or result.events:
            self._show(result)

    def _show(self, result: Result) -> None:
        self._faces = len(result.tracks)
        for outlet in self._outlets:
            outlet.show(result)

    def _tell_status(self, *, idle: bool) -> None:
        """idle: no frame is due, and sinks that take keys hear of them here only."""
        now = time.monotonic()
        if now < self._status_due:
            return
        self._status_due = now + (IDLE_STATUS_INTERVAL_S if idle else STATUS_INTERVAL_S)
        away = tuple(outlet.name for outlet in self._outlets if outlet.away)
        known = self._status_file
        status = replace(self._health.status(self._state, known.restarts, known.last_error), away=away)
        if self._camera.live:  # what comes out of a file does not depend on the weather
            self._pipeline.rest = self._pace.update(status, now)
        for outlet in self._outlets:
            outlet.status(status)
        self._watchdog.status(status_text(status, self._faces))
        self._status_file.write(status, self._faces)
        if now >= self._summary_due:
            self._summary_due = now + SUMMARY_INTERVAL_S
            log.info("%s", summary(status))


class Outlet:
    """Keeps one sink from disturbing the rest: what it raises is logged once, and it is opened again later."""

    def __init__(self, sink: Sink, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink, self._clock = sink, clock
        self.name = sink.name
        self._open = False
        self._broken_since: float | None = None
        self._opened_at = self._retry_at = 0.0

    def open(self) -> None:
        self._guarded(self._sink.open, opening=True)

    def show(self, result: Result) -> None:
        if self._ready():
            self._guarded(lambda: self._sink.show(result))
            self._tell_recovery()

    def status(self, status: Status) -> None:
        if self._ready():
            self._guarded(lambda: self._sink.status(status))

    def close(self) -> None:
        self._open = False
        self._guarded(self._sink.close, closing=True)

    @property
    def away(self) -> bool:
        """Broken, or without the other side it talks to."""
        alone = isinstance(self._sink, Remote) and not self._sink.connected
        return self._broken_since is not None or alone

    def _ready(self) -> bool:
        if not self._open and self._clock() >= self._retry_at:
            self.open()
        return self._open

    def _guarded(self, action: Callable[[], None], *, opening: bool = False, closing: bool = False) -> None:
        try:
            action()
        except Exception as err:  # whatever it is: a sink must not stop the others
            self._failed(err)
            if not closing:
                self.close()
            return
        if opening:
            self._open, self._opened_at = True, self._clock()

    def _tell_recovery(self) -> None:
        """Not at once: a file on a full disk opens, and takes a few short lines before it fails again."""
        if self._broken_since is not None and self._open and self._clock() - self._opened_at >= SINK_RETRY_S:
            log.info("%s is back after %.0f s", self._sink.name, self._opened_at - self._broken_since)
            self._broken_since = None

    def _failed(self, err: Exception) -> None:
        self._retry_at = self._clock() + SINK_RETRY_S
        if self._broken_since is None:
            self._broken_since = self._clock()
            log.warning("%s: %s; going on without it, trying again every %.0f s", self._sink.name, err, SINK_RETRY_S)
            log.debug("the cause", exc_info=err)
