"""One line of JSON a frame, to a file or to standard output. The events of a frame follow its line."""

from __future__ import annotations

from edge.config import JsonlConfig
from edge.control import Control
from edge.lines import event_line, frame_line, to_json
from edge.sinks.stream import LineStream, open_stream
from edge.types import Result, Status


class Jsonl:
    """Writes every line through at once: what was shown is in the file, whatever happens next."""

    name = "jsonl"

    def __init__(self, config: JsonlConfig, source: str, control: Control) -> None:
        self._path = config.path
        self._source = source
        self._control = control
        self._stream: LineStream | None = None

    def open(self) -> None:
        self._stream = open_stream(self._path, self._control)

    def show(self, result: Result) -> None:
        if self._stream is None:
            return
        lines = [frame_line(result, self._source), *(event_line(event, result) for event in result.events)]
        self._stream.write("".join(to_json(line) + "\n" for line in lines))

    def status(self, status: Status) -> None:
        """Lines are about frames; how the daemon is doing stands in the log."""

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
