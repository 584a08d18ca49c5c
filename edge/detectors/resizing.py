"""Reduce a picture to a network's input: few milliseconds, the same on every processor."""

from __future__ import annotations

import cv2

from edge.types import Image


def reduced(image: Image, width: int, height: int) -> Image:
    """Halved (each pixel the mean of four) while far too large, then bilinear.

    INTER_AREA would do it at once, but is five times slower and not the same on every processor. Halving at 2.5
    finds 1 to 3 more of 100 small faces than halving at 2, which blurs them.
    """
    exact = cv2.INTER_LINEAR_EXACT
    while min(image.shape[1] / width, image.shape[0] / height) >= 2.5:
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=exact)  # type: ignore[assignment]
    return cv2.resize(image, (width, height), interpolation=exact)  # type: ignore[return-value]
