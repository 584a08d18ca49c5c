"""Whether anything has changed in the picture: where nothing has, nobody new can be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Box, Image

ACROSS: Final = 160
"""Cells along the longer side of the picture: a face of 20 pixels in 640 covers five by five."""
CHANGED: Final = 20
"""Grey levels between two looks at a cell. The noise of a camera in the dark is 1 or 2 after smoothing."""
LEAST_CELLS: Final = 3
SOLID: Final = np.ones((5, 5), np.uint8)
"""Somebody new before a person in view changes a whole patch; a shoulder that moves changes the line of its edge."""

Cells = npt.NDArray[np.uint8]
Cut = tuple[slice, slice]


class Motion:
    """Remembers the picture of the last look, small and smooth. However slow a change is, it adds up against that."""

    def __init__(self) -> None:
        self._before: Cells | None = None

    def remember(self, image: Image) -> None:
        self._before = _cells(image)

    def seen(self, image: Image, known: Sequence[Box]) -> bool:
        """Whether a (H, W, 3) BGR or (H, W) grey picture differs from the remembered one by more than the people whose
        faces are known do: their heads do not count, their bodies only where a whole patch is new.
        """
        now = _cells(image)
        if self._before is None or self._before.shape != now.shape:
            return True
        changed: Any = cv2.threshold(cv2.absdiff(self._before, now), CHANGED, 255, cv2.THRESH_BINARY)[1]
        if known:
            scale = now.shape[1] / image.shape[1]
            solid: Any = cv2.erode(changed, SOLID)
            for cut in [_around(box, scale) for box in known] + [_body(box, scale) for box in known]:
                changed[cut] = solid[cut]
            for box in known:
                changed[_head(box, scale)] = 0
        return cv2.countNonZero(changed) >= LEAST_CELLS


def _cells(image: Image) -> Cells:
    height, width = image.shape[:2]
    scale = ACROSS / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small: Any = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
    return np.asarray(cv2.blur(grey, (3, 3)), np.uint8)


def _head(box: Box, scale: float) -> Cut:
    """The cells of a face and its hair."""
    return _cut(box, scale, left=0.75, right=0.75, up=0.75, down=0.75)


def _around(box: Box, scale: float) -> Cut:
    """The cells in which a head shakes and hair flies."""
    return _cut(box, scale, left=1.2, right=1.2, up=1.0, down=1.0)


def _body(box: Box, scale: float) -> Cut:
    """The cells below a face, shoulders and all."""
    return _cut(box, scale, left=2.2, right=2.2, up=-0.5, down=9.0)


def _cut(box: Box, scale: float, *, left: float, right: float, up: float, down: float) -> Cut:
    """From the middle of a box, in its own widths and heights."""
    x, y = box.centre
    edges = (y - up * box.height, y + down * box.height, x - left * box.width, x + right * box.width)
    first, last, start, stop = (max(0, round(edge * scale)) for edge in edges)
    return slice(first, last), slice(start, stop)
