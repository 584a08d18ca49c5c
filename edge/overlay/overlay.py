"""A result as a picture for people."""

from __future__ import annotations

from typing import Final

from edge.overlay.ink import AMBER, GREY, PLATE, RED, WHITE, plate, text_width, write
from edge.overlay.marks import Marks
from edge.overlay.place import fitted, unit_of
from edge.overlay.veil import Veil
from edge.overlay.words import black, draw_waiting, draw_words
from edge.types import Box, Image, Result, Status

_RECORDING: Final = "recording faces"


class Overlay:
    """Draws results on copies of their frames. Results of one source, in their order: it remembers a second of them.

    style: 'picture', 'blurred' (faces are hidden) or 'none' (no picture: words on black).
    bars: whether all seven probabilities are shown; may be switched at any time.
    """

    def __init__(self, style: str, bars: bool) -> None:
        self.bars = bars
        self._style = style
        self._marks = Marks()
        self._veil = Veil()

    def draw(self, result: Result, status: Status | None, size: tuple[int, int] | None = None) -> Image:
        """A new (H, W, 3) BGR picture, of `size` (width, height) or of the frame's own.

        A frame of other proportions stands in the middle between black bars.
        """
        frame = result.frame
        size = size or (frame.width, frame.height)
        if self._style == "none":
            canvas = black(size)
            taken = draw_status(canvas, status)
            draw_recording(canvas, status)
            draw_words(canvas, result.tracks, self.bars, round(taken[0].y0) if taken else size[1])
            return canvas
        canvas, view = fitted(frame.image, size)
        if self._style == "blurred":
            self._veil.hide(canvas, view, result)
        boxes = [view.box(track.face.box) for track in result.tracks]
        taken = [*draw_status(canvas, status), *draw_recording(canvas, status)]
        self._marks.draw(canvas, result.tracks, boxes, self.bars, taken)
        return canvas

    def follow(self, result: Result) -> None:
        """In place of `draw`, where nobody looks: faces of this frame stay hidden in the next ones."""
        if self._style == "blurred":
            self._veil.follow(result)

    def waiting(self, status: Status | None, size: tuple[int, int]) -> Image:
        """A new (H, W, 3) BGR picture that says why there is none; status None: just starting."""
        canvas = black(size)
        draw_waiting(canvas, status)
        return canvas


def draw_status(canvas: Image, status: Status | None) -> list[Box]:
    """A small line at the left bottom: speed, temperature, what is wrong. Returns the place it takes."""
    parts = status_parts(status)
    if not parts:
        return []
    unit = unit_of(canvas)
    font = max(9, round(15 * unit))
    width = sum(text_width(text, font) for text, _ in parts) + (len(parts) - 1) * font + 1.4 * font
    bottom = canvas.shape[0] - 6 * unit
    place = Box(6 * unit, bottom - 1.6 * font, 6 * unit + width, bottom)
    plate(canvas, place, 0.5 * font, PLATE, 0.7)
    x = place.x0 + 0.7 * font
    for text, warns in parts:
        write(canvas, text, x, place.centre[1], font, AMBER if warns else GREY)
        x += text_width(text, font) + font
    return [place]


def draw_recording(canvas: Image, status: Status | None) -> list[Box]:
    """A red dot and a word at the right top while pictures of faces are saved. Returns the place it takes."""
    if status is None or not status.recording or status.state != "running":
        return []
    unit = unit_of(canvas)
    font = max(9, round(18 * unit))
    dot = 0.7 * font
    right, top = canvas.shape[1] - 6 * unit, 6 * unit
    place = Box(right - text_width(_RECORDING, font) - dot - 1.7 * font, top, right, top + 1.7 * font)
    plate(canvas, place, 0.5 * font, PLATE, 0.82)
    x, middle = place.x0 + 0.6 * font, place.centre[1]
    plate(canvas, Box(x, middle - dot / 2, x + dot, middle + dot / 2), dot / 2, RED)
    write(canvas, _RECORDING, x + dot + 0.4 * font, middle, font, WHITE)
    return [place]


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
