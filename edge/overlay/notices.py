"""What lies over every picture: the status line at the left bottom, and that pictures of faces are saved."""

from __future__ import annotations

from typing import Final

from edge.overlay.ink import AMBER, GREY, PLATE, RED, WHITE, plate, text_width, write
from edge.overlay.place import unit_of
from edge.types import Box, Image, Status

_RECORDING: Final = "recording faces"


class Notices:
    """Places them first, so that all else keeps away from them; draws them last, over whatever could not."""

    def __init__(self, canvas: Image, status: Status | None) -> None:
        self._unit = unit_of(canvas)
        self._parts = status_parts(status)
        height, width = canvas.shape[:2]
        self._status = self._status_place(height) if self._parts else None
        self._recording = self._recording_place(width) if is_recording(status) else None
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
        width = sum(text_width(text, font) for text, _ in self._parts) + (len(self._parts) - 1) * font + 1.4 * font
        return Box(margin, height - margin - 1.6 * font, margin + width, height - margin)

    def _recording_place(self, width: int) -> Box:
        font, margin = self._recording_font, 6 * self._unit
        return Box(
            width - margin - text_width(_RECORDING, font) - 2.4 * font, margin, width - margin, margin + 1.7 * font
        )

    def _draw_status(self, canvas: Image, place: Box) -> None:
        """A small line: speed, temperature, what is wrong."""
        font = self._status_font
        plate(canvas, place, 0.5 * font, PLATE, 0.7)
        x = place.x0 + 0.7 * font
        for text, warns in self._parts:
            write(canvas, text, x, place.centre[1], font, AMBER if warns else GREY)
            x += text_width(text, font) + font

    def _draw_recording(self, canvas: Image, place: Box) -> None:
        """A red dot and a word."""
        font = self._recording_font
        dot = 0.7 * font
        plate(canvas, place, 0.5 * font, PLATE, 0.82)
        x, middle = place.x0 + 0.6 * font, place.centre[1]
        plate(canvas, Box(x, middle - dot / 2, x + dot, middle + dot / 2), dot / 2, RED)
        write(canvas, _RECORDING, x + dot + 0.4 * font, middle, font, WHITE)


def is_recording(status: Status | None) -> bool:
    return status is not None and status.recording and status.state == "running"


def status_parts(status: Status | None) -> list[tuple[str, bool]]:
    """The words of the status line, and of each whether it is a warning."""
    if status is None:
        return []
    parts = []
    if status.state != "running":
        parts.append(("paused" if status.state == "paused" else "waiting for the camera", True))
    if status.fps > 0:
        parts.append((f"{status.fps:.0f} fps", False))
    if status.temperature_c is not None:
        parts.append((f"{status.temperature_c:.0f}°C", False))
    if status.throttled:
        parts.append(("slowed down by heat or power", True))
    parts += [("no broker" if name == "mqtt" else f"{name} is broken", True) for name in status.away]
    return parts
