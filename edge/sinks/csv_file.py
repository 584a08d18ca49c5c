"""A table of comma-separated values: one row a face a frame. The header stands once, at the top of every file.

The columns are those of the JSON line (`edge.lines`): time (UTC), t (seconds since the source began), source, file,
frame, width, height (of the frame, pixels), id, x0, y0, x1, y1 (the face's box, pixels, right and bottom excluded),
detection, emotion, confidence (0..1), uncertain (0 or 1), and the seven probabilities. RFC 4180, with the line ends
of Linux. A frame without faces has no row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from edge.config import CsvConfig
from edge.control import Control
from edge.emotion.labels import LABELS
from edge.lines import frame_line
from edge.sinks.line_file import LineFile
from edge.types import Result, Status

_OF_THE_FRAME: Final = ("time", "t", "source", "file", "frame", "width", "height")
COLUMNS: Final = (
    *_OF_THE_FRAME,
    *("id", "x0", "y0", "x1", "y1", "detection", "emotion", "confidence", "uncertain"),
    *LABELS,
)


class Csv:
    """Appends to a file that it began earlier; one with other columns is left alone."""

    name = "csv"

    def __init__(self, config: CsvConfig, source: str, control: Control, *, patient: bool = True) -> None:
        """patient: see `LineStream`."""
        self._source = source
        self._file = LineFile(config, control, header=_text([COLUMNS]), patient=patient)

    def open(self) -> None:
        self._file.open()

    def show(self, result: Result) -> None:
        if result.tracks:
            self._file.write(_text(rows(frame_line(result, self._source))))

    def status(self, status: Status) -> None:
        """Rows are about faces."""

    def close(self) -> None:
        self._file.close()


def rows(line: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """A row for each face of a frame's JSON line."""
    frame = [line[name] for name in _OF_THE_FRAME]
    for face in line["faces"]:
        opinion = face["detection"], face["emotion"], face["confidence"], int(face["uncertain"])
        yield (*frame, face["id"], *face["box"], *opinion, *face["probabilities"].values())


def _text(table: Any) -> str:
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\n").writerows(table)
    return sheet.getvalue()
