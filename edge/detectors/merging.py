"""Several detections of one face become one: non-maximum suppression that averages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.types import Box, Face

Floats = npt.NDArray[np.float32]
Pairs = npt.NDArray[np.float32]
"""(N, 6, 2) x and y of each detection: top left, bottom right, then the four points of `edge.types.Points`."""


def merged(pairs: Pairs, scores: Floats, min_iou: float) -> tuple[Pairs, Floats]:
    """One detection a face, likeliest first: the mean, weighted by score, of the boxes that overlap the likeliest.

    Averaging instead of discarding keeps boxes of neighbouring frames steady. A merged face keeps the best score.
    """
    order = np.argsort(-scores, kind="stable")
    pairs, scores = pairs[order], scores[order]
    faces, best = [], []
    while len(scores):
        same = overlaps(pairs[0], pairs) >= min_iou
        same[0] = True
        weights = scores[same]
        faces.append((weights / weights.sum()) @ pairs[same].reshape(len(weights), -1))
        best.append(scores[0])
        pairs, scores = pairs[~same], scores[~same]
    return np.array(faces, np.float32).reshape(-1, *pairs.shape[1:]), np.array(best, np.float32)


def as_face(pairs: Pairs, score: np.float32) -> Face:
    """One detection, (6, 2)."""
    (x0, y0), (x1, y1) = pairs[:2].tolist()
    return Face(Box(x0, y0, x1, y1), float(score), pairs[2:].copy())


def overlaps(one: Pairs, others: Pairs) -> Floats:
    """(N,) intersection over union, 0..1, of one detection's box (6, 2) with those of others (N, 6, 2)."""
    # Each side by itself: np.prod over an axis of two numbers is slow.
    (left, top), (right, bottom) = one[0], one[1]
    lefts, tops, rights, bottoms = others[:, 0, 0], others[:, 0, 1], others[:, 1, 0], others[:, 1, 1]
    wide = np.maximum(np.minimum(right, rights) - np.maximum(left, lefts), 0)
    high = np.maximum(np.minimum(bottom, bottoms) - np.maximum(top, tops), 0)
    shared = wide * high
    union = (right - left) * (bottom - top) + (rights - lefts) * (bottoms - tops) - shared
    return np.asarray(shared / np.maximum(union, 1e-6))
