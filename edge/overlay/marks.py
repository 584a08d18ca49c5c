"""What is drawn on the picture for each face: box, label plate, and on demand the bars of all probabilities.

unit: what sizes are multiples of; see `unit_of`.
"""

from __future__ import annotations

from edge.emotion.labels import LABELS
from edge.overlay.icons import icon_mask
from edge.overlay.ink import (
    GREY,
    PLATE,
    TRACK,
    WHITE,
    Colour,
    colour_of,
    dark_plate,
    dashes,
    outline,
    paint,
    plate,
    stroke,
    text_width,
    write,
)
from edge.types import Box, Image, Track


def shown_percent(track: Track) -> str:
    """The probability of the announced emotion; nothing for an uncertain face, whose number would say too much."""
    return "" if track.shown_uncertain else f"{100 * track.settled_probability:.0f}%"


def shown_colour(track: Track) -> Colour:
    return GREY if track.shown_uncertain else colour_of(track.id)


def draw_box(canvas: Image, box: Box, track: Track, unit: float) -> None:
    """A thin line with round corners; dashed and grey for an uncertain face."""
    points = outline(box, min(16 * unit, 0.15 * min(box.width, box.height)))
    lines = dashes(points, 9 * unit) if track.shown_uncertain else [points]
    thickness = max(1, round(2 * unit))
    # The dark line below keeps the coloured one visible on a background of its own colour.
    stroke(canvas, [points], PLATE, thickness + (0 if track.shown_uncertain else max(1, round(unit))), closed=True)
    stroke(canvas, lines, shown_colour(track), thickness, closed=not track.shown_uncertain)


def plate_font(unit: float) -> int:
    return max(10, round(23 * unit))


def plate_size(track: Track, unit: float, short: bool = False) -> tuple[float, float]:
    """Width and height of a label plate. It leaves room for any two digits, so that it does not tremble.

    short: with the drawing only, where there is no room for words.
    """
    font = plate_font(unit)
    if short:
        return 0.7 * font + round(1.15 * font), round(1.6 * font)
    percent = (
        0.0
        if track.shown_uncertain
        else max(text_width("88%", font), text_width(shown_percent(track), font)) + 0.4 * font
    )
    return 2.35 * font + text_width(track.shown_label, font) + percent, round(1.6 * font)


def draw_plate(canvas: Image, place: Box, track: Track, unit: float, short: bool) -> None:
    """Icon, the emotion's name, percent; short: the icon."""
    font = plate_font(unit)
    middle = place.centre[1]
    dark_plate(canvas, place, place.height * 0.32)
    size = round(1.15 * font)
    paint(canvas, icon_mask(track.shown_label, size), place.x0 + 0.35 * font, middle - size / 2, shown_colour(track))
    if short:
        return
    write(canvas, track.shown_label, place.x0 + 1.8 * font, middle, font, GREY if track.shown_uncertain else WHITE)
    percent = shown_percent(track)
    if percent:
        write(canvas, percent, place.x1 - 0.5 * font - text_width(percent, font), middle, font, GREY)


def bars_size(unit: float) -> tuple[float, float]:
    font = bars_font(unit)
    return _names_width(font) + 7.6 * font, (len(LABELS) * 1.45 + 0.8) * font


def bars_font(unit: float) -> int:
    return max(9, round(16 * unit))


def draw_bars(canvas: Image, place: Box, track: Track, unit: float) -> None:
    """All seven probabilities; the announced one stands out."""
    font = bars_font(unit)
    dark_plate(canvas, place, 0.6 * font)
    left = place.x0 + 1.3 * font + _names_width(font)
    for row, (label, probability) in enumerate(zip(LABELS, track.probabilities, strict=True)):
        middle = place.y0 + (0.4 + 1.45 * (row + 0.5)) * font
        chosen = label == track.shown_label
        write(canvas, label, place.x0 + 0.7 * font, middle, font, WHITE if chosen else GREY)
        colour = shown_colour(track) if chosen else GREY
        draw_bar(
            canvas, Box(left, middle - 0.22 * font, place.x1 - 0.8 * font, middle + 0.22 * font), probability, colour
        )


def draw_bar(canvas: Image, place: Box, probability: float, colour: Colour) -> None:
    """A probability, 0..1, as the filled part of a horizontal bar."""
    plate(canvas, place, place.height / 2, TRACK, 0.7)
    length = round(place.width * min(1.0, float(probability)))
    if length >= 1:
        plate(canvas, Box(place.x0, place.y0, place.x0 + length, place.y1), place.height / 2, colour)


def _names_width(font: int) -> int:
    return max(text_width(label, font) for label in LABELS)
