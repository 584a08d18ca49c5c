"""Pictures for displays of a few thousand pixels: a face's drawing, word and bar. Readable in black and white, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.overlay.icons import icon_mask
from edge.overlay.ink import GREY, RED, WHITE, Colour, Mask, paint, plate, text_width, write
from edge.overlay.marks import shown_colour
from edge.overlay.words import black
from edge.types import Box, Image, Status, Track

_STEPS: Final = 20
"""So many lengths the bar has: a display on a slow bus is not sent every trembling."""

_LONGEST: Final = "surprise"


def nearest(tracks: Sequence[Track], last: int | None) -> Track | None:
    """The largest face. The one shown last (its id) stays until another is half as large again."""

    def area(track: Track) -> float:
        box = track.face.box
        return box.width * box.height * (1.5 if track.id == last else 1.0)

    return max(tracks, key=area, default=None)


def small_face(track: Track, others: int, status: Status | None, size: tuple[int, int]) -> Image:
    """(H, W, 3) BGR. others: how many faces there are besides. size: width, height."""
    label, colour = track.shown_label, shown_colour(track)
    canvas = black(size)
    words = _draw_icon(canvas, label, colour)
    share = None if track.shown_uncertain else track.settled_probability
    _draw_words(canvas, words, label, share, others, colour)
    _draw_recording(canvas, status)
    return canvas


def small_nobody(status: Status | None, size: tuple[int, int]) -> Image:
    """(H, W, 3) BGR: nobody is there, or why nothing is looked for."""
    state = status.state if status else "running"
    icon, word = {"paused": ("paused", "paused"), "waiting": ("waiting", "no camera")}.get(state, ("neutral", "nobody"))
    canvas = black(size)
    _draw_words(canvas, _draw_icon(canvas, icon, GREY), word, None, 0, GREY)
    _draw_recording(canvas, status)
    return canvas


def _draw_icon(canvas: Image, icon: str, colour: Colour) -> Box:
    """At the left of a wide display, at the top of others. Returns the place for the words."""
    height, width = canvas.shape[:2]
    if width >= 1.5 * height:
        side = min(height - 2, round(0.42 * width))
        paint(canvas, icon_mask(icon, side), 1, (height - side) / 2, colour)
        return Box(side + 0.06 * width, 0, width - 1, height)
    side, top = round(0.55 * min(width, height)), round(0.06 * height)
    paint(canvas, icon_mask(icon, side), (width - side) / 2, top, colour)
    return Box(0.08 * width, top + side, 0.92 * width, height)


def _draw_words(canvas: Image, place: Box, word: str, share: float | None, others: int, colour: Colour) -> None:
    """The word; below it a row with the bar (share: 0..1) and how many others there are."""
    tall = min(place.height, place.width)
    font = _font_for((word, _LONGEST), place.width, (0.5 if others else 0.62) * place.height)
    small = max(12, round(0.075 * min(canvas.shape[:2])))
    count = f"+{others}" if others else ""
    row = 0.75 * small if count else 0.0 if share is None else max(5.0, 0.13 * tall)
    gap = max(2, round(0.2 * font)) if row else 0
    top = place.y0 + (place.height - font - gap - row) / 2
    write(canvas, word, place.x0 + (place.width - text_width(word, font)) / 2, top + 0.5 * font, font, WHITE)
    middle, end = top + font + gap + row / 2, place.x1
    if count:
        end -= text_width(count, small)
        write(canvas, count, end, middle, small, WHITE)
        end -= 3
    if share is not None:
        half = max(2.5, 0.065 * tall)
        _draw_bar(canvas, Box(place.x0, middle - half, end, middle + half), share, colour)


def _font_for(words: Sequence[str], width: float, height: float) -> int:
    """The largest font size, 9 or more pixels, in which each of the words fits."""
    widest = max(text_width(word, 40) for word in words)
    return max(9, int(min(height, 40 * (width - 2) / widest)))


def _draw_bar(canvas: Image, place: Box, share: float, colour: Colour) -> None:
    """A framed bar, in steps."""
    box = Box(round(place.x0), round(place.y0), round(place.x1), round(place.y1))
    line = max(1, round(0.12 * box.height))
    inner = Box(box.x0 + line, box.y0 + line, box.x1 - line, box.y1 - line)
    plate(canvas, box, 0.3 * box.height, GREY)
    plate(canvas, inner, 0.2 * box.height, (0, 0, 0))
    length = round(inner.width * round(_STEPS * min(1.0, share)) / _STEPS)
    plate(canvas, Box(inner.x0, inner.y0, inner.x0 + length, inner.y1), 0.2 * box.height, colour)


def _draw_recording(canvas: Image, status: Status | None) -> None:
    """A dot at the left top, beside the round drawing, while faces are recorded."""
    if status and status.is_recording:
        dot = max(5, round(0.08 * min(canvas.shape[:2])))
        plate(canvas, Box(0, 0, dot, dot), dot / 2, RED)


def lit(picture: Image) -> Mask:
    """(H, W) 0 or 255: which pixels of a display without colours are lit. Red counts as bright as white."""
    return np.asarray(np.where(picture.max(axis=2) >= 100, 255, 0), np.uint8)
