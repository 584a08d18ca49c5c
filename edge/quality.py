"""Whether a face shows enough to be read. What does not is reported as uncertain, with the emotion it had before.

`python -m training.worth` measures what each limit is worth.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.config import QualityConfig
from edge.types import Face, Image, Points

DETAIL_PX: Final = 5
"""Smaller, and the noise of the camera counts more than the face."""


def clear(face: Face, crop: npt.NDArray[np.uint8], picture: Image, limits: QualityConfig) -> bool:
    """Whether a face is large enough, sure, wholly in the picture, turned to the camera and sharp.

    picture: where it was found. crop: (size, size) grey, of this face.
    """
    return (
        face.box.width >= limits.min_size_px
        and face.score >= limits.min_score
        and inside(face, picture) >= limits.min_inside
        and turn(face.points) <= limits.max_turn
        and sharpness(crop) >= limits.min_sharpness
    )


def inside(face: Face, picture: Image) -> float:
    """0..1: the share of a face's box that lies in the picture."""
    height, width = picture.shape[:2]
    part = face.box.clipped(width, height)
    return part.width * part.height / max(face.box.width * face.box.height, 1e-6)


def turn(points: Points) -> float:
    """How far the nose stands from the middle of the eyes, in distances of the eyes: 0 frontal, about 1 at 60 degrees.

    A nod, a tilted head and the size of the face do not matter.
    """
    (ax, ay), (bx, by), (nose_x, nose_y), _ = points.tolist()
    across, down = bx - ax, by - ay
    squared = across * across + down * down
    if squared <= 0:
        return math.inf
    return float(abs((nose_x - (ax + bx) / 2) * across + (nose_y - (ay + by) / 2) * down) / squared)


def sharpness(crop: npt.NDArray[np.uint8]) -> float:
    """0..1, of a (size, size) grey crop: the share of its contrast that is finer than a tenth of a 48 pixel face."""
    pixels = crop.astype(np.float32)
    return float((pixels - cv2.blur(pixels, (DETAIL_PX, DETAIL_PX))).var()) / max(float(pixels.var()), 1.0)
