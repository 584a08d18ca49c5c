"""Where things go: a frame fitted into a screen, and plates beside faces without hiding any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from edge.types import Box, Image

Side = Literal["above", "below", "right", "left"]

_COVERING = 5.0
"""What covering something costs against the order of preference: any visible overlap is worse than another side."""

_KEEP = 0.1
"""A plate changes sides only where that uncovers a tenth of its area more; otherwise it would jump to and fro."""


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
    """What sizes are multiples of: 1 at 480 pixels of height, so that text fills the same part of every screen.

    Not below 0.45: smaller letters cannot be read at all.
    """
    height, width = canvas.shape[:2]
    return max(0.45, float(min(width, height)) / 480)


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes share, in square pixels."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def moved_inside(box: Box, bounds: Box) -> Box:
    """The box, moved as little as needed to lie inside bounds; where it is too large, its left and top do."""
    dx = max(bounds.x0 - box.x0, min(0.0, bounds.x1 - box.x1))
    dy = max(bounds.y0 - box.y0, min(0.0, bounds.y1 - box.y1))
    return box.moved(dx, dy)


def best_place(
    face: Box,
    size: tuple[float, float],
    sides: Sequence[Side],
    gap: float,
    bounds: Box,
    avoid: Sequence[Box],
    last: Side | None,
) -> tuple[Side, Box, float]:
    """The side of a face where a plate of size (width, height) covers least of the face and of what to avoid.

    sides: the preferred first. last: where it was in the frame before. Returns the side, the place inside bounds,
    and the part of the plate, 0.., that covers something.
    """
    best: tuple[float, Side, Box, float] | None = None
    for rank, side in enumerate(sides):
        place = moved_inside(_beside(face, size, side, gap), bounds)
        covered = (sum(overlap(place, other) for other in avoid) + overlap(place, face)) / (size[0] * size[1])
        cost = _COVERING * (covered - (_KEEP if side == last else 0.0)) + 0.02 * rank
        if best is None or cost < best[0]:
            best = cost, side, place, covered
    assert best is not None, "at least one side to choose from"
    return best[1], best[2], best[3]


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
