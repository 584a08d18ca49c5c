"""Screens without a picture: the emotions in large letters, and what is shown while nothing is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.emotion.labels import LABELS
from edge.overlay.icons import icon_mask
from edge.overlay.ink import GREY, TRACK, WHITE, Colour, paint, plate, text_width, write
from edge.overlay.marks import shown_colour, shown_percent
from edge.types import Box, Image, Status, Track

MOST_SHOWN: Final = 12
"""With more faces than that the words are too small to be read from afar."""

_LEAST_PITCH: Final = 11
"""From one column to the next, in pixels: closer together, nobody makes out the drawings below them."""

_NOBODY: Final = "nobody"


def black(size: tuple[int, int]) -> Image:
    """size: width, height."""
    return np.zeros((size[1], size[0], 3), np.uint8)


def draw_words(canvas: Image, tracks: Sequence[Track], bars: bool, place: Box) -> None:
    """Each face's emotion as a large drawing and word, in the order in which the people came, in this place."""
    shown = sorted(tracks, key=lambda track: track.id)[:MOST_SHOWN]
    if not shown:
        # A word only: every drawing of a face says an emotion.
        font = max(10, round(0.5 * min(place.width / 6, place.height / 4.5)))
        _write_centred(canvas, _NOBODY, *place.centre, font, GREY)
    for track, cell in zip(shown, cells(len(shown), place), strict=True):
        _draw_cell(canvas, cell, track, bars)


def cells(count: int, place: Box) -> list[Box]:
    """A place divided among `count` people so that words are largest; a last row that is not full is centred."""
    if count == 0:
        return []
    width, height = place.width, place.height
    columns = max(range(1, count + 1), key=lambda n: min(width / n, height / math.ceil(count / n)))
    rows = math.ceil(count / columns)
    places = []
    for i in range(count):
        row, column = divmod(i, columns)
        unused = columns - min(columns, count - row * columns)
        x, y = place.x0 + (column + unused / 2) * width / columns, place.y0 + row * height / rows
        places.append(Box(x, y, x + width / columns, y + height / rows))
    return places


def _draw_cell(canvas: Image, cell: Box, track: Track, bars: bool) -> None:
    """Drawing, word and number of one person, centred; all lengths are multiples of a unit that lets them fit."""
    tall = 5.2 if bars else 4.0
    unit = min(cell.width / 4.6, cell.height / (tall + 0.8))
    x, y = cell.centre[0], cell.centre[1] - tall / 2 * unit
    label, colour, icon = track.shown_label, shown_colour(track), max(8, round(2 * unit))
    paint(canvas, icon_mask(label, icon), x - icon / 2, y, colour)
    _write_centred(
        canvas, label, x, y + 2.75 * unit, max(10, round(0.9 * unit)), GREY if track.shown_uncertain else WHITE
    )
    if bars:
        _draw_columns(canvas, Box(x - 1.9 * unit, y + 3.6 * unit, x + 1.9 * unit, y + tall * unit), track, colour)
    elif percent := shown_percent(track):
        _write_centred(canvas, percent, x, y + 3.65 * unit, max(9, round(0.45 * unit)), GREY)


def _write_centred(canvas: Image, text: str, x: float, middle: float, size: int, colour: Colour) -> None:
    write(canvas, text, x - text_width(text, size) / 2, middle, size, colour)


def _draw_columns(canvas: Image, place: Box, track: Track, colour: Colour) -> None:
    """The seven probabilities as columns over their small drawings, which are left out where they would be smudges."""
    pitch = place.width / len(LABELS)
    icon = round(0.62 * pitch) if pitch >= _LEAST_PITCH else 0
    bottom = place.y1 - 1.25 * icon
    for i, (label, probability) in enumerate(zip(LABELS, track.probabilities, strict=True)):
        x = place.x0 + (i + 0.5) * pitch
        chosen = label == track.shown_label
        half = max(1.0, 0.13 * pitch)
        plate(canvas, Box(x - half, place.y0, x + half, bottom), half, TRACK, 0.45)
        top = bottom - max(2 * half, (bottom - place.y0) * min(1.0, float(probability)))
        plate(canvas, Box(x - half, top, x + half, bottom), half, colour if chosen else GREY)
        if icon:
            paint(canvas, icon_mask(label, icon), x - icon / 2, place.y1 - icon, colour if chosen else GREY)


def draw_waiting(canvas: Image, status: Status | None) -> None:
    """Why there is no picture: paused, waiting for the camera, or just starting."""
    height, width = canvas.shape[:2]
    unit = min(width / 6, height / 4.5)
    icon, title, line = {
        "paused": ("paused", "paused", "the camera is off"),
        "waiting": ("waiting", "waiting for the camera", "it goes on by itself"),
    }.get(status.state if status else "", ("neutral", "starting", "one moment"))
    size = max(8, round(1.2 * unit))
    paint(canvas, icon_mask(icon, size), (width - size) / 2, height / 2 - 0.55 * unit - size / 2, GREY)
    _write_centred(canvas, title, width / 2, height / 2 + 0.65 * unit, max(10, round(0.4 * unit)), WHITE)
    _write_centred(canvas, line, width / 2, height / 2 + 1.2 * unit, max(9, round(0.24 * unit)), GREY)
