"""Carry a face from one frame to the next without a detector: a tenth of its cost.

The motion of points inside the face is measured by pyramidal Lucas-Kanade (Bouguet, "Pyramidal implementation of the
affine Lucas Kanade feature tracker", 2001) and checked by following each point back again (Kalal, Mikolajczyk and
Matas, "Forward-backward error: automatic detection of tracking failures", 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

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
LOOK_PX: Final = 16
"""Side of what two looks are compared in: small enough not to mind a turned head or a patch that lies a little off."""
LEAST_SHARE: Final = 0.4
"""Of the points that must be believed, or the face is lost."""
OFF_CENTRE: Final = 0.1
"""Box widths off the middle of its patch up to which a face is followed in the same patch: a new one costs as much."""
RESIZED: Final = 1.1
"""Up to so much larger or smaller than it was, too."""
MOST_SCALING: Final = 1.15
"""A face that grows or shrinks by more between two frames was mistaken for something else."""

_WINDOW: Final = (9, 9)
_PYRAMID_LEVELS: Final = 2
_ENOUGH: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)
_UNIT_GRID: Final = np.stack(np.meshgrid(*[np.linspace(-0.4, 0.4, GRID)] * 2), axis=-1).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A face, and what it looked like when it was there: a square of the picture, made small."""

    face: Face
    patch: Patch
    left: int
    top: int
    side: int

    @property
    def scale(self) -> float:
        """Patch pixels per pixel of the frame."""
        return PATCH_PX / self.side

    def look(self) -> Floats:
        """What the head looks like, to be compared by `alike`."""
        small = cv2.resize(self.patch, (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small -= small.mean()
        return np.asarray(small / max(float(np.linalg.norm(small)), 1.0), np.float32)


def alike(one: Floats, other: Floats) -> float:
    """-1..1, the correlation of two looks: of one head 0.2 s apart mostly above 0.8, of different people about 0.2."""
    return float(one @ other)


def anchored(image: Image, face: Face) -> Anchor:
    """Remember the look of a face that was found in this (H, W, 3) BGR or (H, W) grey picture."""
    (x, y), side = face.box.centre, math.ceil(MARGIN * max(face.box.width, 8.0))
    left, top = math.floor(x - side / 2), math.floor(y - side / 2)
    return Anchor(face, _patch(image, left, top, side), left, top, side)


def followed(image: Image, anchor: Anchor) -> Anchor | None:
    """The face in the next picture, or None where it cannot be found again near the place it had."""
    face, scale = anchor.face, anchor.scale
    new = _patch(image, anchor.left, anchor.top, anchor.side)
    x, y = face.box.centre
    centre, size = (x - anchor.left, y - anchor.top), (face.box.width, face.box.height)
    before = ((_UNIT_GRID * size + centre) * scale).astype(np.float32)
    pairs = _moves(anchor.patch, new, before)
    turn = None if pairs is None else _similarity(*pairs)
    if turn is None:
        return None
    there = _moved(face, turn, anchor)
    if _in_the_middle(there, anchor):
        return Anchor(there, new, anchor.left, anchor.top, anchor.side)
    return anchored(image, there)


def _in_the_middle(face: Face, anchor: Anchor) -> bool:
    """Whether the next move of the face will not leave the anchor's square either, and fills it as it should."""
    half = anchor.side / 2
    (x, y), least = face.box.centre, anchor.side / MARGIN
    off = max(abs(x - anchor.left - half), abs(y - anchor.top - half))
    return off < OFF_CENTRE * face.box.width and least / RESIZED < face.box.width < least * RESIZED


def _patch(image: Image, left: int, top: int, side: int) -> Patch:
    """(PATCH_PX, PATCH_PX) grey of a square of the picture; what lies outside repeats its border."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    if x1 <= x0 or y1 <= y0:
        return np.zeros((PATCH_PX, PATCH_PX), np.uint8)
    part: Any = image[y0:y1, x0:x1]
    if (x1 - x0, y1 - y0) != (side, side):
        part = cv2.copyMakeBorder(part, y0 - top, top + side - y1, x0 - left, left + side - x1, cv2.BORDER_REPLICATE)
    # Small first, then grey: a third of the time. What is followed need not be the same bytes on every processor.
    small: Any = cv2.resize(part, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small, np.uint8)


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
    # Sorting so few numbers is ten times faster than np.median.
    distance = np.abs(moves - np.sort(moves, axis=0)[len(moves) // 2]).max(axis=1)
    steady = distance <= np.sort(distance)[len(distance) // 2] + 0.5
    old, new = _complex(before[steady]), _complex(after[steady])
    old_mean, new_mean = complex(old.mean()), complex(new.mean())
    old, new = old - old_mean, new - new_mean
    spread = float(np.vdot(old, old).real)
    if spread < 1:
        return None
    a = complex(np.vdot(old, new)) / spread
    if not 1 / MOST_SCALING < abs(a) < MOST_SCALING:
        return None
    return a, new_mean - a * old_mean


def _moved(face: Face, turn: tuple[complex, complex], anchor: Anchor) -> Face:
    """The face after z -> a z + b in the pixels of the anchor's patch; its box grows and moves but stays level."""
    a, b = turn
    corner = complex(anchor.left, anchor.top)
    shift = b / anchor.scale + corner - a * corner  # the same move in pixels of the frame
    points = a * _complex(face.points) + shift
    centre = a * complex(*face.box.centre) + shift
    half_width, half_height = face.box.width * abs(a) / 2, face.box.height * abs(a) / 2
    box = Box(centre.real - half_width, centre.imag - half_height, centre.real + half_width, centre.imag + half_height)
    return Face(box, face.score, points.astype(np.complex64).view(np.float32).reshape(-1, 2))


def _complex(points: Floats) -> npt.NDArray[np.complex64]:
    """(N,) x + iy of (N, 2) points."""
    return np.ascontiguousarray(points).view(np.complex64)[:, 0]
