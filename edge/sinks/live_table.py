"""The table of faces, and how the terminal sink draws it in place."""

from __future__ import annotations

import logging
import math
import select
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge.emotion.labels import LABELS
from edge.health import troubles
from edge.types import Result, Status, Track

_STYLES: Final = dict(zip(LABELS, ("red", "green", "magenta", "yellow", "blue", "cyan", "white"), strict=True))
_STATES: Final = {"waiting": "waiting for the camera", "paused": "detection is switched off"}
_BAR_CELLS: Final = 20
_REFRESH_S: Final = 0.2
"""A draw costs 2 ms on a laptop, five times as much on a Pi 4: as many results are shown as an eye can follow."""


class FaceTable:
    """What there is to see. Remembers since when each face has had its announced emotion."""

    def __init__(self, source: str) -> None:
        self._status = Status("running", source)
        self._tracks: tuple[Track, ...] = ()
        self._t = 0.0
        self._since: dict[int, tuple[str, float]] = {}

    def show(self, result: Result) -> None:
        known = self._since
        self._tracks, self._t, self._since = result.tracks, result.t, {}
        for track in result.tracks:
            label, since = known.get(track.id, ("", 0.0))
            self._since[track.id] = (label, since) if label == track.settled else (track.settled, result.t)

    def status(self, status: Status) -> None:
        self._status = status
        if status.state != "running":
            self._tracks = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The faces and a footer, which is whole on any terminal: where it is low, faces are left out."""
        footer = self._footer()
        rows = options.size.height - 1 - len(footer.wrap(console, options.max_width))
        if self._tracks and rows > 0:
            yield self._faces(rows)
        yield footer

    def _faces(self, rows: int) -> Table:
        """rows: at least one; the last one counts those who have none."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("id", justify="right", style="dim", no_wrap=True)
        table.add_column("emotion", min_width=len("surprise?"), no_wrap=True)
        table.add_column("", width=_BAR_CELLS, no_wrap=True)
        table.add_column("confidence", justify="right", no_wrap=True)
        table.add_column("since", justify="right", min_width=6, no_wrap=True)
        shown = self._tracks if len(self._tracks) <= rows else self._tracks[: rows - 1]
        for track in shown:
            table.add_row(*_row(track, self._t - self._since[track.id][1]))
        if rest := len(self._tracks) - len(shown):
            table.add_row("", f"{rest} more", style="dim")
        return table

    def _footer(self) -> Text:
        status = self._status
        count = len(self._tracks)
        faces = f"{count or 'no'} face{'' if count == 1 else 's'}"
        running = f"{status.fps:.1f} fps · {faces}"
        parts = [(running if status.state == "running" else _STATES[status.state], "dim"), (status.source, "dim")]
        if status.is_recording:
            parts.append(("recording faces", "red"))
        parts += [(trouble, "yellow") for trouble in troubles(status)]
        return Text(" · ", style="dim").join(Text(*part) for part in parts)


class LiveTable:
    """Draws a table in place, at most every 0.2 s. While it stands, log lines appear above it."""

    def __init__(self, console: Console, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._table = FaceTable(source)
        self._drawn = -math.inf
        plain_stderr = sys.stderr
        # No thread of its own: `show` and `status` draw.
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=plain_stderr.isatty(),
        )
        self._live.start()
        self._log_handlers = _log_handlers(plain_stderr)
        self._send_log_to(sys.stderr)

    def show(self, result: Result) -> None:
        self._table.show(result)
        self._draw()

    def status(self, status: Status) -> None:
        self._table.status(status)
        self._draw()

    def close(self) -> None:
        self._live.stop()
        self._send_log_to(sys.stderr)

    def _draw(self) -> None:
        now = self._clock()
        # A terminal that takes nothing (Ctrl-S) must not stop the loop.
        if now - self._drawn >= _REFRESH_S and select.select((), (self._console.file,), (), 0)[1]:
            self._drawn = now
            self._live.update(self._table, refresh=True)

    def _send_log_to(self, stream: TextIO) -> None:
        for handler in self._log_handlers:
            handler.setStream(stream)


def table_maker(source: str) -> Callable[[], LiveTable] | None:
    """What begins the table on standard output; None where that is a terminal that cannot draw in place."""
    console = Console()
    return None if console.is_dumb_terminal else partial(LiveTable, console, source)


def _row(track: Track, seconds: float) -> tuple[str | Text, ...]:
    """id, announced emotion, bar, its probability, how long it has lasted."""
    confidence = track.settled_probability
    style = "dim" if track.shown_uncertain else _STYLES[track.settled]
    filled = round(confidence * _BAR_CELLS)
    bar = Text("━" * filled, style=style) + Text("─" * (_BAR_CELLS - filled), style="bright_black")
    emotion = Text(track.settled + ("?" if track.shown_uncertain else ""), style=style)
    return str(track.id), emotion, bar, f"{100 * confidence:.0f} %", _duration(seconds)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.0f} h"


def _log_handlers(stream: TextIO) -> list[logging.StreamHandler[TextIO]]:
    """The handlers that hold this stream: they would write into the middle of the table."""
    handlers = logging.getLogger().handlers
    return [handler for handler in handlers if isinstance(handler, logging.StreamHandler) and handler.stream is stream]
