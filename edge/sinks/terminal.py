"""A quiet live table where standard output is a terminal, and one line an event where it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from edge.control import Control
from edge.sinks.stream import LineStream, standard_output
from edge.types import Event, Result, Status

if TYPE_CHECKING:
    from edge.sinks.live_table import LiveTable


class Terminal:
    """Lines wait for their reader (`LineStream`); what the terminal does not take of the table is dropped."""

    name = "terminal"

    def __init__(self, source: str, control: Control, *, patient: bool = True) -> None:
        """patient: see `LineStream`."""
        self._source, self._patient = source, patient
        self._control = control
        self._stream: LineStream | None = None
        self._make_table: Callable[[], LiveTable] | None = None
        self._table: LiveTable | None = None

    def open(self) -> None:
        self._stream = standard_output(self._control, patient=self._patient)
        if sys.stdout.isatty():
            from edge.sinks.live_table import table_maker  # brings rich, which a service has no use for

            self._make_table = table_maker(self._source)

    def show(self, result: Result) -> None:
        if self._stream is None:
            return
        if self._make_table is None or result.frame.file is not None:
            self._stream.write("".join(line + "\n" for line in lines(result)))
            return
        self._table = self._table or self._make_table()
        self._table.show(result)

    def status(self, status: Status) -> None:
        if self._table is not None:
            self._table.status(status)

    def close(self) -> None:
        if self._table is not None:
            self._table.close()
        self._stream = self._make_table = self._table = None


def lines(result: Result) -> list[str]:
    """Plain text: one line an event; of a picture in a folder, which has no events, one line on its faces."""
    if result.frame.file is not None:
        faces = ", ".join(_opinion(track.emotion, track.confidence, track.uncertain) for track in result.tracks)
        return [f"{result.frame.file}: {faces or 'no face'}"]
    moment = datetime.fromtimestamp(result.frame.wall).strftime("%H:%M:%S")
    return [f"{moment} face {event.id}: {_change(event)}" for event in result.events]


def _change(event: Event) -> str:
    if event.after is None:
        return "left"
    before = "appeared," if event.before is None else f"{event.before} ->"
    return f"{before} {_opinion(event.after, event.confidence, event.uncertain)}"


def _opinion(label: str, confidence: float, uncertain: bool) -> str:
    return f"{label} ({100 * confidence:.0f} %{', uncertain' if uncertain else ''})"
