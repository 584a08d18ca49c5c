"""The line drawings of `edge.drawings` as masks to paint with, and the program's own icon."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from edge.drawings import ICONS, bezier
from edge.overlay.ink import PLATE, WHITE, Mask, paint, plate_mask, stroke
from edge.types import Image

_OVERSAMPLING: Final = 4


@lru_cache(maxsize=256)
def icon_mask(name: str, size: int) -> Mask:
    """(size, size) mask of one icon."""
    side = size * _OVERSAMPLING
    mask = np.zeros((side, side), np.uint8)
    # Small icons need a relatively heavier line to stay readable.
    thickness = max(_OVERSAMPLING, round(side * (0.055 + 0.5 / size)))
    for curve in ICONS[name]:
        if len(curve) == 1:
            (x, y) = curve[0]
            centre = round(x * side), round(y * side)
            cv2.circle(mask, centre, round(thickness * 0.85), 255, cv2.FILLED, cv2.LINE_AA)
        else:
            stroke(mask, [bezier(curve) * side], 255, thickness, closed=False)
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def program_icon(size: int) -> Image:
    """(size, size, 4) RGBA: a smiling face on a dark plate with round corners."""
    colours = np.full((size, size, 3), PLATE, np.uint8)
    face = icon_mask("happy", round(0.75 * size))
    paint(colours, face, (size - face.shape[1]) / 2, (size - face.shape[0]) / 2, WHITE)
    return np.dstack([colours[..., ::-1], plate_mask(size, size, size // 4)])
