"""What the loop writes up and the network thread reads."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from edge.lines import event_line, health_line, page_line
from edge.types import Result, Status

REMEMBERED_S: Final = 300
"""The strip of the page."""
_REMEMBERED_EVENTS: Final = 200
_STALE_S: Final = 10.0
"""The daemon tells its status every second; one that has not for so long hangs."""

Line = dict[str, Any]


class Board:
    """The newest of everything, and the last minutes; bounded. Every method may be called from any thread."""

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._lock = threading.Lock()
        self._frame: Line | None = None
        self._frame_number = 0
        self._events: deque[tuple[int, Line]] = deque(maxlen=_REMEMBERED_EVENTS)
        self._history: deque[tuple[float, list[tuple[int, str]]]] = deque(maxlen=REMEMBERED_S)
        self._history_due = 0.0
        self._status: Status | None = None
        self._status_at = 0.0
        self._picture: bytes | None = None
        self._picture_number = 0
        self.event_counts: Counter[str] = Counter()

    def show(self, result: Result) -> None:
        line = page_line(result, self._source)
        now = self._clock()
        with self._lock:
            self._frame, self._frame_number = line, self._frame_number + 1
            for event in result.events:
                self.event_counts[event.kind] += 1
                self._events.append((self.event_counts.total(), event_line(event, result)))
            if now >= self._history_due:
                self._history_due = now + 1.0
                self._history.append((now, [(track.id, track.shown_label) for track in result.tracks]))

    def status(self, status: Status) -> None:
        with self._lock:
            self._status, self._status_at = status, self._clock()
            if status.state != "running":
                # Nobody is to see what is old as if it were live.
                self._frame = self._picture = None

    def show_picture(self, jpeg: bytes) -> None:
        with self._lock:
            self._picture, self._picture_number = jpeg, self._picture_number + 1

    def frame(self) -> tuple[int, Line | None]:
        """The newest frame's line for displays, and how many there were."""
        with self._lock:
            return self._frame_number, self._frame

    def picture(self) -> tuple[int, bytes | None]:
        """The newest JPEG and how many there were."""
        with self._lock:
            return self._picture_number, self._picture

    def events_after(self, number: int) -> list[tuple[int, Line]]:
        """Numbered events, the oldest first, as far as they are remembered."""
        with self._lock:
            return [event for event in self._events if event[0] > number]

    def last_event(self) -> int:
        with self._lock:
            return self.event_counts.total()

    def history(self) -> list[Line]:
        """A sample a second: how many seconds ago, and each face's id and what it was shown with."""
        with self._lock:
            now = self._clock()
            return [{"ago_s": round(now - at, 1), "faces": faces} for at, faces in self._history]

    def health(self) -> Line | None:
        with self._lock:
            return None if self._status is None else health_line(self._status)

    def last_status(self) -> tuple[float, Status | None]:
        """When the daemon told its status last, and what it said."""
        with self._lock:
            return self._status_at, self._status

    def is_well(self) -> bool:
        """Paused is well; a lost camera and a hanging loop are not."""
        at, status = self.last_status()
        return status is not None and status.state != "waiting" and self._clock() - at < _STALE_S
