"""Which cells of the network's grids shall answer for which face.

By size and place, fixed before training (FCOS, Tian et al. 2019): the cells near a face's middle (centre sampling) on
the grids whose stride suits its size. Simpler and cheaper on a CPU than choosing anew each step by the network's own
answers (SimOTA, Ge et al. 2021), and made in the threads that prepare the pictures.
"""

from __future__ import annotations

import math

import numpy as np

from edge.detectors.anchor_free import cell_centres
from training.detection.network import STRIDES

ANSWERING_PX = ((0, 40), (28, 92), (64, 1e6))
"""By grid: a face of this size (root of its area) is answered for here. The ranges overlap: both grids may answer."""

UNJUDGED_PX = ((0, 64), (18, 132), (44, 1e6))
"""By grid: a face of this size is not held against the cells in its middle."""

CENTRE = 0.3
"""Cells so near to the middle answer, in box sides ..."""

LEAST_STRIDES, MOST_STRIDES = 0.75, 1.5
"""... but at least and at most so many strides."""

FACE, WEIGHT, TARGET_BOX, TARGET_POINTS, POINTS_KNOWN, COLUMNS = 0, 1, slice(2, 6), slice(6, 16), 16, 17
"""Of a target row: 1 where the cell answers for a face; how much its score counts; box and points as the network
gives them; how much the points count; the number of columns."""


class Grids:
    """The cells of all strides for one size of picture; makes the targets of a batch's pictures."""

    def __init__(self, height: int, width: int) -> None:
        self.sides = [(-(-height // stride), -(-width // stride)) for stride in STRIDES]
        self.centres = np.concatenate(
            [cell_centres(*sides, stride) for sides, stride in zip(self.sides, STRIDES, strict=True)]
        )
        """(cells, 2) x and y in input pixels, in the order of the network's answers."""
        self.strides = np.repeat(np.array(STRIDES, np.float32), [rows * columns for rows, columns in self.sides])
        """(cells,)"""

    def targets(self, boxes: np.ndarray, points: np.ndarray, ignored: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(cells, COLUMNS) float32 for one picture; faces as in Annotated, in input pixels; weights: (N,), 1 is normal.

        A cell that several faces claim answers for the smallest.
        """
        rows = np.zeros((len(self.centres), COLUMNS), np.float32)
        rows[:, WEIGHT] = 1
        grids = []
        start = 0
        for high, wide in self.sides:
            grids.append(rows[start : start + high * wide].reshape(high, wide, COLUMNS))
            start += high * wide
        for box in boxes[ignored]:
            for grid, stride in zip(grids, STRIDES, strict=True):
                _cells(grid, box / stride)[..., WEIGHT] = 0
        sizes = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
        for face in np.argsort(-sizes):
            if not ignored[face]:
                for level in range(len(STRIDES)):
                    _claim(grids[level], level, boxes[face], points[face], sizes[face], weights[face])
        return rows


def _claim(grid: np.ndarray, level: int, box: np.ndarray, points: np.ndarray, size: float, weight: float) -> None:
    """Write one face into the cells of one grid that shall answer for it, or spare them."""
    answers = ANSWERING_PX[level][0] <= size < ANSWERING_PX[level][1]
    if not answers and not UNJUDGED_PX[level][0] <= size < UNJUDGED_PX[level][1]:
        return
    box, points = box / STRIDES[level], points / STRIDES[level]
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    reach = np.clip(CENTRE * sides, LEAST_STRIDES, MOST_STRIDES)
    near = np.concatenate([middle - reach, middle + reach])
    cells = _cells(grid, near)
    if not answers:
        cells[..., WEIGHT] *= cells[..., FACE]
        return
    left, top = (max(0, math.ceil(value - 0.5)) for value in near[:2])
    y, x = np.mgrid[top : top + cells.shape[0], left : left + cells.shape[1]]
    here = np.stack([x, y], axis=-1) + 0.5
    cells[..., FACE], cells[..., WEIGHT] = 1, weight
    cells[..., 2:4] = middle - here
    cells[..., 4:6] = np.log(np.maximum(sides, 1e-3))
    known = not np.isnan(points).any()
    cells[..., POINTS_KNOWN] = known
    if known:
        cells[..., TARGET_POINTS] = (points - here[:, :, None]).reshape(*here.shape[:2], -1)


def _cells(grid: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The cells whose middles lie in a box, in strides: a view."""
    left, top = (max(0, math.ceil(value - 0.5)) for value in box[:2])
    right, bottom = (max(0, math.ceil(value - 0.5)) for value in box[2:])
    return grid[top:bottom, left:right]
