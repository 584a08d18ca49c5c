"""What is drawn on the picture for each face: box, label plate, and on demand the bars of all probabilities."""

from __future__ import annotations

from collections.abc import Sequence

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
from edge.overlay.place import Side, around, best_place, overlap, unit_of
from edge.types import Box, Image, Track


def shown_percent(track: Track) -> str:
    """The probability of the announced emotion; nothing for an uncertain face, whose number would say too much."""
    return "" if track.shown_uncertain else f"{100 * track.settled_probability:.0f}%"


def shown_colour(track: Track) -> Colour:
    return GREY if track.shown_uncertain else colour_of(track.id)


class Marks:
    """Draws them. Remembers where and how long each plate was, so that plates do not jump about."""

    def __init__(self) -> None:
        self._sides: dict[tuple[int, str], Side] = {}
        self._short: set[int] = set()

    def draw(
        self, canvas: Image, tracks: Sequence[Track], boxes: Sequence[Box], bars: bool, taken: Sequence[Box]
    ) -> None:
        """boxes: each track's box on the canvas. taken: places of other things that are not to be covered."""
        unit = unit_of(canvas) * crowd_factor(len(tracks))
        for track, box in zip(tracks, boxes, strict=True):
            draw_box(canvas, box, track, unit)
        sides: dict[tuple[int, str], Side] = {}
        plates: dict[int, Box] = {}
        # The largest first: who is nearest gets the best place.
        order = sorted(range(len(tracks)), key=lambda i: -boxes[i].width * boxes[i].height)
        short: set[int] = set()
        for i in order:
            key = tracks[i].id, "plate"
            others = list(plates.values())
            sides[key], plates[i], is_short = self._place_plate(canvas, tracks[i], boxes[i], unit, boxes, others, taken)
            short |= {tracks[i].id} if is_short else set()
        filled = [*taken, *plates.values()]
        for i in order if bars else ():
            key = tracks[i].id, "bars"
            beside: tuple[Side, ...] = ("right", "left", "below", "above")
            size = bars_size(unit)
            sides[key], place, covered = self._place(canvas, boxes[i], size, beside, unit, boxes, filled, key)
            # The nearest face may have its bars over a face, others only close by and over none. Nobody, over words.
            near = covered < 0.03 and overlap(place, around([boxes[i], plates[i]], 12 * unit)) > 0
            if (i == order[0] or near) and not any(overlap(place, other) for other in filled):
                draw_bars(canvas, place, tracks[i], unit)
                filled.append(place)
        # Last, so that where all is crowded the name is on top.
        for i, place in plates.items():
            draw_plate(canvas, place, tracks[i], unit, tracks[i].id in short)
        self._sides, self._short = sides, short

    def _place_plate(
        self,
        canvas: Image,
        track: Track,
        face: Box,
        unit: float,
        faces: Sequence[Box],
        plates: Sequence[Box],
        taken: Sequence[Box],
    ) -> tuple[Side, Box, bool]:
        """Side, place, and whether it is short: where the long one would lie over another's."""
        key, avoid = (track.id, "plate"), [*faces, *plates]
        sides: tuple[Side, ...] = ("above", "below")
        side, place, _ = self._place(canvas, face, plate_size(track, unit), sides, unit, avoid, taken, key)
        # One that was short becomes long again only with room to spare: no flicker.
        needed = around([place], 6 * unit if track.id in self._short else 0)
        if not any(overlap(needed, other) for other in plates):
            return side, place, False
        size = plate_size(track, unit, short=True)
        return *self._place(canvas, face, size, sides, unit, avoid, taken, key)[:2], True

    def _place(
        self,
        canvas: Image,
        face: Box,
        size: tuple[float, float],
        sides: Sequence[Side],
        unit: float,
        avoid: Sequence[Box],
        never: Sequence[Box],
        key: tuple[int, str],
    ) -> tuple[Side, Box, float]:
        margin = 4 * unit
        bounds = Box(margin, margin, canvas.shape[1] - margin, canvas.shape[0] - margin)
        return best_place(face, size, sides, 9 * unit, bounds, avoid, self._sides.get(key), never)


def crowd_factor(faces: int) -> float:
    """Plates become smaller where many share the picture."""
    return 1.0 if faces <= 2 else 0.82 if faces <= 4 else 0.66


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
