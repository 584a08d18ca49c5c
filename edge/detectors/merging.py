"""Several detections of one face become one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pairs = npt.NDArray[np.float32]
"""(N, 6, 2) x and y of each detection: top left, bottom right, then the four points of `edge.types.Points`."""


def merged(pairs: Pairs, scores: Floats, min_iou: float) -> tuple[Pairs, Floats]:
    """One detection a face, likeliest first: the mean, weighted by score, of the boxes that overlap the likeliest.

    Averaging instead of discarding keeps boxes of neighbouring frames steady. A merged face keeps the best score.
    """
    order = np.argsort(-scores, kind="stable")
    faces, best = [], []
    while len(order):
        first = order[0]
        same = overlaps(pairs[first], pairs[order]) >= min_iou
        same[0] = True
        weights = scores[order[same]]
        faces.append(np.tensordot(weights / weights.sum(), pairs[order[same]], axes=1))
        best.append(scores[first])
        order = order[~same]
    return np.array(faces, np.float32).reshape(-1, *pairs.shape[1:]), np.array(best, np.float32)


def overlaps(one: Pairs, others: Pairs) -> Floats:
    """(N,) intersection over union, 0..1, of one detection's box (6, 2) with those of others (N, 6, 2)."""
    shared = np.minimum(one[1], others[:, 1]) - np.maximum(one[0], others[:, 0])
    intersection = np.prod(np.maximum(shared, 0), axis=1)
    union = np.prod(one[1] - one[0]) + np.prod(others[:, 1] - others[:, 0], axis=1) - intersection
    return np.asarray(intersection / np.maximum(union, 1e-6))
