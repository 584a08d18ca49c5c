"""What lies over every picture: the status line at the left bottom, and that pictures of faces are saved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge.health import troubles
from edge.overlay.ink import AMBER, GREY, RED, WHITE, dark_plate, plate, text_width, write
from edge.overlay.place import unit_of
from edge.types import Box, Image, Status

Part = tuple[str, bool]
"""Some words, and whether they are a warning."""

_RECORDING: Final = "recording faces"
_LINE: Final = 1.35
"""From one line of the status to the next, in font sizes."""


class Notices:
    """Places them first, so that all else keeps away from them; draws them last, over whatever could not."""

    def __init__(self, canvas: Image, status: Status | None) -> None:
        self._unit = unit_of(canvas)
        height, width = canvas.shape[:2]
        room = width - 12 * self._unit - 1.4 * self._status_font
        self._lines = lines_of(status_parts(status), self._status_font, room)
        self._status = self._status_place(height) if self._lines else None
        self._recording = self._recording_place(width) if status and status.is_recording else None
        top = self._recording.y1 if self._recording else 0
        bottom = self._status.y0 if self._status else height
        self.between = Box(0, top, width, max(top, bottom))
        """The canvas without the strips at its top and bottom in which they lie."""

    @property
    def places(self) -> list[Box]:
        return [place for place in (self._recording, self._status) if place]

    def draw(self, canvas: Image) -> None:
        if self._status:
            self._draw_status(canvas, self._status)
        if self._recording:
            self._draw_recording(canvas, self._recording)

    @property
    def _status_font(self) -> int:
        return max(9, round(15 * self._unit))

    @property
    def _recording_font(self) -> int:
        return max(9, round(18 * self._unit))

    def _status_place(self, height: int) -> Box:
        font, margin = self._status_font, 6 * self._unit
        width = max(_width(line, font) for line in self._lines) + 1.4 * font
        tall = (1.6 + _LINE * (len(self._lines) - 1)) * font
        return Box(margin, height - margin - tall, margin + width, height - margin)

    def _recording_place(self, width: int) -> Box:
        font, margin = self._recording_font, 6 * self._unit
        return Box(
            width - margin - text_width(_RECORDING, font) - 2.4 * font, margin, width - margin, margin + 1.7 * font
        )

    def _draw_status(self, canvas: Image, place: Box) -> None:
        """Small lines: what is wrong, speed, temperature."""
        font = self._status_font
        dark_plate(canvas, place, 0.5 * font)
        for row, line in enumerate(self._lines):
            x, middle = place.x0 + 0.7 * font, place.y0 + (0.8 + _LINE * row) * font
            for text, warns in line:
                write(canvas, text, x, middle, font, AMBER if warns else GREY)
                x += text_width(text, font) + font

    def _draw_recording(self, canvas: Image, place: Box) -> None:
        """A red dot and a word."""
        font = self._recording_font
        dot = 0.7 * font
        dark_plate(canvas, place, 0.5 * font)
        x, middle = place.x0 + 0.6 * font, place.centre[1]
        plate(canvas, Box(x, middle - dot / 2, x + dot, middle + dot / 2), dot / 2, RED)
        write(canvas, _RECORDING, x + dot + 0.4 * font, middle, font, WHITE)


def status_parts(status: Status | None) -> list[Part]:
    """What the status line says, warnings first."""
    if status is None:
        return []
    parts = []
    if status.state != "running":
        parts.append(("paused" if status.state == "paused" else "waiting for the camera", True))
    parts += [(text, True) for text in troubles(status)]
    if status.fps > 0:
        parts.append((f"{status.fps:.0f} fps", False))
    if status.temperature_c is not None:
        parts.append((f"{status.temperature_c:.0f}°C", False))
    return parts


def lines_of(parts: Sequence[Part], font: int, width: float) -> list[list[Part]]:
    """The status line broken into lines of this width. What warns of nothing is said only where all fits into one.

    Only a warning wider than that is broken between its words.
    """
    if _width(parts, font) <= width:
        return [list(parts)] if parts else []
    lines: list[list[Part]] = [[]]
    for text, warns in (part for part in parts if part[1]):
        for piece in _broken(text, font, width):
            if lines[-1] and _width([*lines[-1], (piece, warns)], font) > width:
                lines.append([])
            lines[-1].append((piece, warns))
    return lines if lines[0] else []


def _broken(text: str, font: int, width: float) -> list[str]:
    """A text cut between words where it is too wide for a line."""
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if rows[-1] and text_width(longer, font) > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows


def _width(parts: Sequence[Part], font: int) -> float:
    """Of a line of text. Any digit may become the widest, so that the plate does not tremble."""
    return sum(text_width(re.sub(r"\d", "8", text), font) for text, _ in parts) + (len(parts) - 1) * font
