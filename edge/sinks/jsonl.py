"""One line of JSON a frame, to a file or to standard output. The events of a frame follow its line."""

from __future__ import annotations

from edge.config import JsonlConfig
from edge.control import Control
from edge.lines import event_line, frame_line, to_json
from edge.sinks.line_file import LineFile
from edge.sinks.stream import LinesOnly, LineStream
from edge.types import Result, Status


class Jsonl:
    """Writes every line through at once: what was shown is in the file, whatever happens next to the program."""

    name = "jsonl"

    def __init__(self, config: JsonlConfig, source: str, control: Control, *, patient: bool = True) -> None:
        """patient: see `LineStream`."""
        self._config, self._patient = config, patient
        self._source = source
        self._control = control
        self._lines: LineStream | LineFile | None = None

    def open(self) -> None:
        if self._config.path == "-":
            self._lines = LinesOnly(self._control, patient=self._patient)
            return
        file = LineFile(self._config, self._control, line_start='{"schema":', patient=self._patient)
        file.open()
        self._lines = file

    def show(self, result: Result) -> None:
        if self._lines is None:
            return
        lines = [frame_line(result, self._source), *(event_line(event, result) for event in result.events)]
        self._lines.write("".join(to_json(line) + "\n" for line in lines))

    def status(self, status: Status) -> None:
        """Lines are about frames; how the daemon is doing stands in the log."""

    def close(self) -> None:
        if self._lines is not None:
            lines, self._lines = self._lines, None
            lines.close()
