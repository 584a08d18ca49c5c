"""Carry a face from one frame to the next without a detector: a tenth of its cost.

The motion of points inside the face is measured by pyramidal Lucas-Kanade (Bouguet, "Pyramidal implementation of the
affine Lucas Kanade feature tracker", 2001) and checked by following each point back again (Kalal, Mikolajczyk and
Matas, "Forward-backward error: automatic detection of tracking failures", 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.types import Box, Face, Image

Floats = npt.NDArray[np.float32]
Patch = npt.NDArray[np.uint8]

PATCH_PX: Final = 64
"""Side of the patch a face is followed in: the cost is the same for near and far faces."""
MARGIN: Final = 1.5
"""Side of the patch in box widths: a face may move a quarter of its width between two frames."""
GRID: Final = 5
"""Points along each side of the box."""
MOST_ERROR_PX: Final = 1.0
"""Of the patch: a point that does not come back so near to where it began is not believed."""
LEAST_SHARE: Final = 0.4
"""Of the points that must be believed, or the face is lost."""
MOST_SCALING: Final = 1.15
"""A face that grows or shrinks by more between two frames was mistaken for something else."""

_WINDOW: Final = (9, 9)
_PYRAMID_LEVELS: Final = 2
_ENOUGH: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)
_UNIT_GRID: Final = np.stack(np.meshgrid(*[np.linspace(-0.4, 0.4, GRID)] * 2), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A face, and what it looked like when it was there."""

    face: Face
    patch: Patch
    left: float
    top: float
    scale: float
    """Patch pixels per pixel of the frame."""


def anchored(image: Image, face: Face) -> Anchor:
    """Remember the look of a face that was found or followed in this (H, W, 3) BGR or (H, W) grey picture."""
    (x, y), side = face.box.centre, MARGIN * max(face.box.width, 8.0)
    left, top = math.floor(x - side / 2), math.floor(y - side / 2)
    return Anchor(face, _patch(image, left, top, math.ceil(side)), left, top, PATCH_PX / math.ceil(side))


def followed(image: Image, anchor: Anchor) -> Face | None:
    """The face in the next picture, or None where it cannot be found again near the place it had."""
    face, scale = anchor.face, anchor.scale
    new = _patch(image, int(anchor.left), int(anchor.top), round(PATCH_PX / scale))
    centre = np.array(face.box.centre)
    size = np.array((face.box.width, face.box.height))
    before = ((centre + _UNIT_GRID * size - (anchor.left, anchor.top)) * scale).astype(np.float32)
    pairs = _moves(anchor.patch, new, before)
    if pairs is None:
        return None
    turn = _similarity(*pairs)
    if turn is None:
        return None
    return _moved(face, turn, anchor)


def _patch(image: Image, left: int, top: int, side: int) -> Patch:
    """(PATCH_PX, PATCH_PX) grey of a square of the picture; what lies outside repeats its border."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    if x1 <= x0 or y1 <= y0:
        return np.zeros((PATCH_PX, PATCH_PX), np.uint8)
    part = image[y0:y1, x0:x1]
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if part.ndim == 3 else part
    if (x1 - x0, y1 - y0) != (side, side):
        grey = cv2.copyMakeBorder(grey, y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(grey, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_LINEAR_EXACT), np.uint8)


def _moves(old: Patch, new: Patch, points: Floats) -> tuple[Floats, Floats] | None:
    """The believed points, (N, 2) before and after; None where too few are."""
    after, there = _flow(old, new, points)
    back, here = _flow(new, old, after)
    error = np.abs(back - points).max(axis=1)
    believed = there & here & (error < MOST_ERROR_PX)
    if believed.sum() < LEAST_SHARE * len(points):
        return None
    return points[believed], after[believed]


def _flow(old: Patch, new: Patch, points: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where each point went, and whether it was found at all."""
    after, found, _ = cv2.calcOpticalFlowPyrLK(
        old, new, points, np.empty_like(points), winSize=_WINDOW, maxLevel=_PYRAMID_LEVELS, criteria=_ENOUGH
    )
    return np.asarray(after, np.float32), np.asarray(found)[:, 0] == 1


def _similarity(before: Floats, after: Floats) -> tuple[complex, complex] | None:
    """a, b of z -> a z + b that fits the moves of most points best; None where the scale cannot be right.

    The half of the points whose move is furthest from the median is left out: they lie on the background.
    """
    moves = after - before
    distance = np.abs(moves - np.median(moves, axis=0)).max(axis=1)
    steady = distance <= np.median(distance) + 0.5
    old = before[steady, 0].astype(np.complex128) + 1j * before[steady, 1]
    new = after[steady, 0].astype(np.complex128) + 1j * after[steady, 1]
    old_mean, new_mean = old.mean(), new.mean()
    spread = (np.abs(old - old_mean) ** 2).sum()
    if spread < 1:
        return None
    a = complex((np.conj(old - old_mean) * (new - new_mean)).sum() / spread)
    if not 1 / MOST_SCALING < abs(a) < MOST_SCALING:
        return None
    return a, complex(new_mean - a * old_mean)


def _moved(face: Face, turn: tuple[complex, complex], anchor: Anchor) -> Face:
    """The face after z -> a z + b in the pixels of the anchor's patch; its box grows and moves but stays level."""
    a, b = turn
    corner = complex(anchor.left, anchor.top)

    def there(z: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
        return np.asarray((a * (z - corner) * anchor.scale + b) / anchor.scale + corner)

    points = there(face.points[:, 0].astype(np.complex128) + 1j * face.points[:, 1])
    centre = complex(there(np.array([complex(*face.box.centre)]))[0])
    half_width, half_height = face.box.width * abs(a) / 2, face.box.height * abs(a) / 2
    box = Box(centre.real - half_width, centre.imag - half_height, centre.real + half_width, centre.imag + half_height)
    return Face(box, face.score, np.stack([points.real, points.imag], axis=1).astype(np.float32))
