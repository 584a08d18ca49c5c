"""Cut a face out of a frame in the geometry of the training pictures. The same bytes on every processor.

The rule was measured by detecting faces on FER2013 pictures (`python -m training.geometry`): a FER2013 frame is a
square whose side is SIDE_PER_REACH times the distance from the middle between the eyes to the mouth, centred
halfway between them in x and DOWN_PER_REACH times that distance below the eyes in y.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

CROP_VERSION: Final = 1
"""Rises with every change of the rule; a model is trained for one version."""

SIDE_PER_REACH: Final = 2.62
DOWN_PER_REACH: Final = 0.27

_FRACTION_BITS: Final = 5
"""OpenCV's fixed-point maps hold coordinates in 1/32 pixels."""


def face_input(image: npt.NDArray[np.uint8], points: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.uint8]:
    """Cut one face out for the classifier, turned so that the eyes are level.

    image: (H, W, 3) uint8 BGR or (H, W) uint8 grey. points: (4, 2) pixels, as in `edge.types.Points`.
    Returns (size, size) uint8 grey, 0..255. What lies outside the image repeats its border.

    Every step is integer arithmetic with one defined result: halve the picture while it is more than twice too
    large (each pixel the mean of four), then sample it once, bilinearly, at positions in 1/32 pixels.
    """
    centre_x, centre_y, side, cosine, sine = crop_square(points)
    grey, left, top = _grey_region(image, centre_x, centre_y, side)
    step = side / size
    centre_x, centre_y = centre_x - left, centre_y - top
    while step >= 2.0 and min(grey.shape) >= 4:
        grey = cv2.resize(  # type: ignore[assignment]
            grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2],
            (grey.shape[1] // 2, grey.shape[0] // 2),
            interpolation=cv2.INTER_LINEAR_EXACT,
        )
        step, centre_x, centre_y = step / 2, centre_x / 2, centre_y / 2
    return _sampled(grey, centre_x, centre_y, step * cosine, step * sine, size)


def crop_square(points: npt.NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    """The square a face is cut by: centre x, centre y, side in pixels; cosine and sine of the turn of its eye line."""
    (ax, ay), (bx, by), _, (mouth_x, mouth_y) = ((float(x), float(y)) for x, y in points)
    eyes_x, eyes_y = (ax + bx) / 2, (ay + by) / 2
    span = math.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
    cosine, sine = ((bx - ax) / span, (by - ay) / span) if span > 0 else (1.0, 0.0)
    # Mouth relative to the eyes in the face's own, level axes.
    across = (mouth_x - eyes_x) * cosine + (mouth_y - eyes_y) * sine
    reach = max(1.0, (mouth_y - eyes_y) * cosine - (mouth_x - eyes_x) * sine)
    right, down = across / 2, DOWN_PER_REACH * reach
    centre_x = eyes_x + right * cosine - down * sine
    centre_y = eyes_y + right * sine + down * cosine
    return centre_x, centre_y, SIDE_PER_REACH * reach, cosine, sine


def _grey_region(
    image: npt.NDArray[np.uint8], centre_x: float, centre_y: float, side: float
) -> tuple[npt.NDArray[np.uint8], int, int]:
    """The part of the image that the square can touch at any turn, in grey, and its left and top in the image."""
    height, width = image.shape[:2]
    half = side * 0.7072 + 2
    left = min(max(0, math.floor(centre_x - half)), width - 1)
    top = min(max(0, math.floor(centre_y - half)), height - 1)
    right = max(left + 1, min(width, math.ceil(centre_x + half)))
    bottom = max(top + 1, min(height, math.ceil(centre_y + half)))
    region: Any = image[top:bottom, left:right]
    grey = cv2.cvtColor(region, cv2.COLOR_BGR2GRAY) if region.ndim == 3 else region
    return np.asarray(grey, np.uint8), left, top


def _sampled(
    grey: npt.NDArray[np.uint8], centre_x: float, centre_y: float, along: float, across: float, size: int
) -> npt.NDArray[np.uint8]:
    """(size, size) samples of a grid turned by (along, across) = step * (cosine, sine) about a centre."""
    one = 1 << (16 + _FRACTION_BITS)
    # Positions of sample centres in the target, doubled so that they are whole numbers: -(size-1) .. size-1.
    offset = np.arange(1 - size, size, 2, dtype=np.int64)
    a, b = round(along * one / 2), round(across * one / 2)
    x0, y0 = round((centre_x - 0.5) * one), round((centre_y - 0.5) * one)
    half = 1 << 15
    x = (x0 + a * offset[None, :] - b * offset[:, None] + half) >> 16
    y = (y0 + b * offset[None, :] + a * offset[:, None] + half) >> 16
    whole = np.stack([x >> _FRACTION_BITS, y >> _FRACTION_BITS], axis=-1).astype(np.int16)
    mask = (1 << _FRACTION_BITS) - 1
    fraction = (((y & mask) << _FRACTION_BITS) + (x & mask)).astype(np.uint16)
    return cv2.remap(grey, whole, fraction, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]
