"""Where things go: a frame fitted into a screen, and plates beside faces without hiding any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from edge.types import Box, Image

Side = Literal["above", "below", "right", "left"]

_COVERING = 5.0
"""What covering something costs against the order of preference: any visible overlap is worse than another side."""

_MOVING = 0.3
"""What moving a plate along by its own size costs: another side of the face is better than a place far away."""

_KEEP = 0.1
"""A plate changes sides only where that uncovers a tenth of its area more; otherwise it would jump to and fro."""


class Spot(NamedTuple):
    """A place beside a face. covered: the part of it, 0.., that lies over something."""

    side: Side
    box: Box
    covered: float


@dataclass(frozen=True, slots=True)
class View:
    """How pixels of the frame map to pixels of the canvas."""

    scale: float
    left: int
    top: int

    def box(self, box: Box) -> Box:
        return Box(
            self.left + box.x0 * self.scale,
            self.top + box.y0 * self.scale,
            self.left + box.x1 * self.scale,
            self.top + box.y1 * self.scale,
        )


def fitted(image: Image, size: tuple[int, int]) -> tuple[Image, View]:
    """A new BGR canvas of size (width, height) with the whole picture in its middle, black bars beside it."""
    colours = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
    height, width = colours.shape[:2]
    if (width, height) == size:
        return (colours if colours is not image else image.copy()), View(1.0, 0, 0)  # type: ignore[return-value]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, min(size[0], round(width * scale))), max(1, min(size[1], round(height * scale)))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(colours, inner, interpolation=method)
    return canvas, View(scale, left, top)


def unit_of(canvas: Image) -> float:
    """What sizes are multiples of, so that text fills the same part of every screen: 1 where the shorter side has 480
    pixels. Not below 0.45: smaller letters cannot be read at all.
    """
    height, width = canvas.shape[:2]
    return max(0.45, float(min(width, height)) / 480)


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes share, in square pixels."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def around(boxes: Sequence[Box], margin: float) -> Box:
    """The smallest box that holds them all, and a margin."""
    return Box(
        min(box.x0 for box in boxes) - margin,
        min(box.y0 for box in boxes) - margin,
        max(box.x1 for box in boxes) + margin,
        max(box.y1 for box in boxes) + margin,
    )


def moved_inside(box: Box, bounds: Box) -> Box:
    """The box, moved as little as needed to lie inside bounds; where it is too large, its left and top do."""
    dx = max(bounds.x0 - box.x0, min(0.0, bounds.x1 - box.x1))
    dy = max(bounds.y0 - box.y0, min(0.0, bounds.y1 - box.y1))
    return box.moved(dx, dy)


def moved_off(box: Box, bounds: Box, others: Sequence[Box], gap: float) -> Box:
    """The box, moved up, down, left or right as little as needed to lie beside all others.

    Where there is no such place inside bounds it stays where it is.
    """
    # Only those in its way: with fifty plates in a picture this is the costliest part of drawing it.
    column = [(other.y0, other.y1) for other in others if other.x0 < box.x1 and box.x0 < other.x1]
    if not any(y0 < box.y1 and box.y0 < y1 for y0, y1 in column):
        return box
    row = [(other.x0, other.x1) for other in others if other.y0 < box.y1 and box.y0 < other.y1]
    dx = _free_shift(box.x0, box.x1, bounds.x0, bounds.x1, row, gap)
    dy = _free_shift(box.y0, box.y1, bounds.y0, bounds.y1, column, gap)
    if dx is None or (dy is not None and abs(dy) <= abs(dx)):
        return box.moved(0.0, dy or 0.0)
    return box.moved(dx, 0.0)


def _free_shift(
    start: float, end: float, low: float, high: float, spans: Sequence[tuple[float, float]], gap: float
) -> float | None:
    """How far to move what reaches from start to end, within low and high, so that it touches no span."""
    shifts = [shift for x0, x1 in spans for shift in (x0 - gap - end, x1 + gap - start)]
    for shift in sorted((shift for shift in shifts if low <= start + shift and end + shift <= high), key=abs):
        if not any(x0 < end + shift and start + shift < x1 for x0, x1 in spans):
            return shift
    return None


def best_place(
    face: Box,
    size: tuple[float, float],
    sides: Sequence[Side],
    gap: float,
    bounds: Box,
    avoid: Sequence[Box],
    last: Side | None,
    never: Sequence[Box] = (),
) -> Spot:
    """The side of a face where a plate of size (width, height) covers least of the face and of what to avoid.

    sides: the preferred first. last: where it was in the frame before. never: what it must not touch if it can be
    helped. The spot is inside bounds.
    """
    best: tuple[float, Spot] | None = None
    for rank, side in enumerate(sides):
        wanted = moved_inside(_beside(face, size, side, gap), bounds)
        place = moved_off(wanted, bounds, never, gap / 2)
        moved = abs(place.x0 - wanted.x0) / size[0] + abs(place.y0 - wanted.y0) / size[1]
        covered = sum(overlap(place, other) for other in (face, *avoid, *never)) / (size[0] * size[1])
        cost = _COVERING * (covered - (_KEEP if side == last else 0.0)) + 0.02 * rank + _MOVING * moved
        if best is None or cost < best[0]:
            best = cost, Spot(side, place, covered)
    assert best is not None, "at least one side to choose from"
    return best[1]


def _beside(face: Box, size: tuple[float, float], side: Side, gap: float) -> Box:
    width, height = size
    middle = face.centre[0] - width / 2
    x, y = {
        "above": (middle, face.y0 - gap - height),
        "below": (middle, face.y1 + gap),
        "right": (face.x1 + gap, face.y0),
        "left": (face.x0 - gap - width, face.y0),
    }[side]
    return Box(x, y, x + width, y + height)
