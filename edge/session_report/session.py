"""Reads the lines of a recording and adds them up over time, in memory that does not grow with its length."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from edge.emotion.labels import LABELS
from edge.errors import SourceError
from edge.lines import SCHEMA
from edge.sinks.line_file import pieces

KINDS: Final = (*LABELS, "uncertain")
"""What a face is said to show: the likeliest emotion, or that it is too uncertain to say."""

MOST_BINS: Final = 240
"""As finely is time divided; narrower columns are no longer seen as such."""

MOST_EVENTS: Final = 300
"""The last ones are listed, all are counted."""

_HOLD_S: Final = 2.0
"""What a frame shows counts until the next frame, but no longer than this."""

_LONGEST_LINE: Final = 1 << 20
_LATEST_S: Final = 1e10
_INDEX: Final = {kind: number for number, kind in enumerate(KINDS)}

Seconds = list[float]
"""How long each of KINDS was shown, in their order."""


@dataclass
class Person:
    """One id of one run. bins: number of the bin -> how long each kind was shown in it."""

    id: int
    run: int
    first_s: float
    last_s: float
    bins: dict[int, Seconds] = field(default_factory=dict)

    def total(self) -> Seconds:
        return [sum(column) for column in zip(*self.bins.values(), strict=True)] or [0.0] * len(KINDS)


@dataclass(frozen=True)
class Happening:
    """An event. at_s: seconds since the recording began."""

    at_s: float
    run: int
    id: int
    before: str | None
    after: str | None
    confidence: float


@dataclass
class Session:
    """What a recording tells. Positions are seconds since it began; in a folder of pictures, pictures.

    began: Unix seconds. on_the_clock: positions are seconds of the day's clock (False where a clip was read faster or
    slower than it plays). bins_s: their width in seconds.
    """

    source: str = ""
    pictures: bool = False
    on_the_clock: bool = True
    began: float = 0.0
    span_s: float = 0.0
    bins_s: float = 0.1
    runs: int = 0
    frames: int = 0
    most_at_once: int = 0
    unreadable: int = 0
    people: dict[tuple[int, int], Person] = field(default_factory=dict)
    everyone: Person = field(default_factory=lambda: Person(0, 0, 0.0, 0.0))
    in_view_s: float = 0.0
    events: deque[Happening] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    events_in_all: int = 0


def read_session(path: Path) -> Session:
    """Read a recording with the pieces that rotation has made of it. Raises SourceError."""
    files = pieces(path)
    if not files:
        raise SourceError(f"{path}: there is no such file")
    reader = _Reader()
    for file in files:
        if not file.is_file():
            raise SourceError(f"{file}: is not a file; a recording is made with --jsonl FILE")
        try:
            for line in _lines(file):
                reader.take(line)
        except OSError as err:
            raise SourceError(f"{file}: cannot be read: {err.strerror}") from err
    if reader.session.frames == 0:
        raise SourceError(f"{path}: holds no frames of a recording; one is made with --jsonl FILE")
    reader.finish()
    return reader.session


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines. What is still being written at the end of the file is left out."""
    with open(path, "rb") as file:
        while line := file.readline(_LONGEST_LINE):
            if line.endswith(b"\n") or len(line) == _LONGEST_LINE:
                yield line


class _Reader:
    """Takes line after line. A frame counts from its own time to that of the next one, which is why one is kept."""

    def __init__(self) -> None:
        self.session = Session()
        self._shown: list[tuple[Person, int]] = []
        self._shown_at = 0.0
        self._last_step = 1 / 30
        self._run_source: str | None = None
        self._run_began = self._run_t = self._last_t = 0.0
        """Wall clock and `t` of the run's first frame, `t` of its last."""
        self._offset = 0.0
        self._last_time = ""

    def take(self, text: bytes) -> None:
        try:
            line = json.loads(text)
            if line["schema"] != SCHEMA:
                raise ValueError("another version")
            t = line["t"]
            if not 0 <= t < _LATEST_S:
                raise ValueError("no time")
            if "event" in line:
                self._event(line, t)
            else:
                faces = [(int(face["id"]), _kind(face)) for face in line["faces"]]
                self._frame(line, t, faces)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            self.session.unreadable += 1

    def finish(self) -> None:
        self._count(self._last_step)
        self._check_clock()
        self.session.span_s = max(self.session.span_s, self._shown_at + self._last_step)

    def _frame(self, line: dict[str, Any], t: float, faces: list[tuple[int, int]]) -> None:
        session = self.session
        source, time = str(line["source"]), str(line["time"])
        if line["file"] is not None:
            session.pictures = True
        if source != self._run_source or (t < self._last_t and not session.pictures):
            self._new_run(source, time, t)
        at = float(session.frames) if session.pictures else self._offset + t - self._run_t
        if session.frames:
            step = at - self._shown_at
            self._count(min(step, _HOLD_S))
            self._last_step = min(step, _HOLD_S) or self._last_step
        self._shown = [(self._person(id_, at), kind) for id_, kind in faces]
        self._shown_at, self._last_t, self._last_time = at, t, time
        session.most_at_once = max(session.most_at_once, len(faces))
        session.frames += 1

    def _new_run(self, source: str, time: str, t: float) -> None:
        """The program was started again: ids and `t` begin anew. It stands where its clock says, after the others."""
        began = _unix(time)
        session = self.session
        if session.runs == 0:
            session.source, session.began = source, began
        else:
            self._check_clock()
            end = self._shown_at + self._last_step
            self._offset = max(began - session.began, end)
            if self._offset > began - session.began + 2:
                session.on_the_clock = False
        session.runs += 1
        self._run_source, self._run_began, self._run_t = source, began, t

    def _check_clock(self) -> None:
        elapsed = self._last_t - self._run_t
        try:
            drift = _unix(self._last_time) - self._run_began - elapsed
        except ValueError:
            return
        if abs(drift) > 2 + 0.01 * elapsed:
            self.session.on_the_clock = False

    def _event(self, line: dict[str, Any], t: float) -> None:
        session = self.session
        at = max(0.0, self._offset + t - self._run_t)
        before, after = line["from"], line["to"]
        if not {before, after} <= {None, *LABELS}:
            raise ValueError("no emotion")
        session.events.append(Happening(at, session.runs, int(line["id"]), before, after, float(line["confidence"])))
        session.events_in_all += 1

    def _person(self, id_: int, at: float) -> Person:
        session = self.session
        if session.pictures:  # each face of each picture has its own id there
            return session.everyone
        key = session.runs, id_
        person = session.people.get(key)
        if person is None:
            person = session.people[key] = Person(id_, session.runs, at, at)
        person.last_s = at
        return person

    def _count(self, seconds: float) -> None:
        """The faces shown last were there for so long."""
        if not self._shown:
            return
        session = self.session
        start, end = self._shown_at, self._shown_at + seconds
        self._widen_bins(end)
        session.in_view_s += seconds
        first, last = int(start / session.bins_s), int(end / session.bins_s)
        for number in range(first, last + 1):
            part = min(end, (number + 1) * session.bins_s) - max(start, number * session.bins_s)
            if part <= 0:
                continue
            together = session.everyone.bins.setdefault(number, [0.0] * len(KINDS))
            for person, kind in self._shown:
                together[kind] += part
                if person is not session.everyone:
                    person.bins.setdefault(number, [0.0] * len(KINDS))[kind] += part

    def _widen_bins(self, end: float) -> None:
        """Double the bins' width until they reach so far."""
        session = self.session
        while end >= MOST_BINS * session.bins_s:
            session.bins_s *= 2
            for person in (session.everyone, *session.people.values()):
                wider: dict[int, Seconds] = {}
                for number, seconds in person.bins.items():
                    sums = wider.setdefault(number // 2, [0.0] * len(KINDS))
                    sums[:] = [a + b for a, b in zip(sums, seconds, strict=True)]
                person.bins = wider


def _kind(face: dict[str, Any]) -> int:
    return _INDEX["uncertain"] if face["uncertain"] else LABELS.index(face["emotion"])


def _unix(time: str) -> float:
    """Unix seconds of a line's time. Raises ValueError, also where no calendar has room around it."""
    moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    if not 1970 <= moment.year < 9999:
        raise ValueError(f"the year {moment.year}")
    return moment.timestamp()
