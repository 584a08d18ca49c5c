"""How well a detector finds faces: average precision, recall by size, false boxes, point error.

Decodes and merges with the device's own code (`edge.detectors`) on purpose: it measures what the device will do.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.detectors.anchor_free import four_points
from edge.detectors.merging import merged, overlaps
from edge.types import Face
from training.detection.annotations import Annotated

BANDS_PX = (16, 24, 40, 80)
"""Sizes of faces that reports tell apart."""


@dataclass(frozen=True)
class Truth:
    """The faces of one picture. boxes: (N, 4). points: (N, 4, 2) as in `edge.types.Points`, NaN where not marked."""

    boxes: np.ndarray
    ignored: np.ndarray
    points: np.ndarray


@dataclass(frozen=True)
class Matches:
    """What every detection of a set of pictures was, likeliest first.

    scores: (D,). right: (D,) bool, the first to find its face. sizes: (D,) of the face found, 0 where wrong.
    point_errors: (D,) mean distance in shares of the face's size, NaN where wrong or not marked.
    wanted: (W,) sizes (root of the area) of all faces that count.
    """

    scores: np.ndarray
    right: np.ndarray
    sizes: np.ndarray
    point_errors: np.ndarray
    wanted: np.ndarray
    pictures: int

    def average_precision(self) -> float:
        """Area under the precision-recall curve, 0..1, the precision made to fall only (as in PASCAL VOC)."""
        if not len(self.wanted):
            return 0.0
        hits = np.cumsum(self.right)
        precision = hits / np.arange(1, len(hits) + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float((envelope * self.right).sum() / len(self.wanted))

    def recall(self, min_score: float, least_px: float = 0, most_px: float = np.inf) -> float:
        """Share of the faces of this size found at a threshold."""
        wanted = ((self.wanted >= least_px) & (self.wanted < most_px)).sum()
        found = self.right & (self.scores >= min_score) & (self.sizes >= least_px) & (self.sizes < most_px)
        return float(found.sum() / max(1, wanted))

    def false_per_picture(self, min_score: float) -> float:
        return float((~self.right & (self.scores >= min_score)).sum() / max(1, self.pictures))

    def score_at(self, false_per_picture: float) -> float:
        """The least threshold with at most so many false boxes a picture."""
        false = np.cumsum(~self.right)
        allowed = np.flatnonzero(false <= false_per_picture * self.pictures)
        return float(self.scores[allowed[-1]]) if len(allowed) else 1.0

    def moved(self, shift: float) -> Matches:
        """With scores whose logits are greater by `shift`."""
        kept = np.clip(self.scores, 1e-6, 1 - 1e-6)
        return replace(self, scores=1 / (1 + (1 - kept) / kept * np.exp(-shift)))

    def numbers(self, min_score: float) -> dict[str, float]:
        """For a card or a report, rounded; sizes are the root of the box's area in pixels."""
        found = {
            f"recall_{low}_to_{high}_px": self.recall(min_score, low, high)
            for low, high in itertools.pairwise(BANDS_PX)
        }
        return {
            "average_precision": round(self.average_precision(), 4),
            **{name: round(share, 4) for name, share in found.items()},
            f"recall_from_{BANDS_PX[-1]}_px": round(self.recall(min_score, BANDS_PX[-1]), 4),
            "false_boxes_per_picture": round(self.false_per_picture(min_score), 3),
            "point_error": round(self.point_error(), 4),
        }

    def point_error(self) -> float:
        """Median, in shares of the face's size."""
        known = self.point_errors[~np.isnan(self.point_errors)]
        return float(np.median(known)) if len(known) else float("nan")


def matched(detections: list[tuple[np.ndarray, np.ndarray]], truths: list[Truth], same_iou: float) -> Matches:
    """Each detection to at most one face. detections: by picture (D, 6, 2) pairs and (D,) scores, likeliest first."""
    rows: list[tuple[float, bool, float, float]] = []
    wanted: list[float] = []
    for (pairs, scores), truth in zip(detections, truths, strict=True):
        wanted.extend(_sizes(truth.boxes[~truth.ignored]))
        rows.extend(_rows(pairs, scores, truth, same_iou))
    table = np.array(rows, np.float64).reshape(-1, 4)
    table = table[np.argsort(-table[:, 0], kind="stable")]
    return Matches(table[:, 0], table[:, 1] > 0, table[:, 2], table[:, 3], np.array(wanted, np.float64), len(truths))


def _rows(
    pairs: np.ndarray, scores: np.ndarray, truth: Truth, same_iou: float
) -> list[tuple[float, bool, float, float]]:
    """Score, right, size, point error of each detection that was not on an ignored face."""
    corners = truth.boxes.reshape(-1, 2, 2)
    sizes = _sizes(truth.boxes)
    free = np.ones(len(corners), bool)
    rows = []
    for found, score in zip(pairs, scores, strict=True):
        overlap = np.where(free, overlaps(found, corners), 0.0) if len(corners) else np.zeros(1)
        best = int(overlap.argmax())
        if overlap[best] < same_iou:
            rows.append((float(score), False, 0.0, float("nan")))
        elif not truth.ignored[best]:
            free[best] = False
            distance = np.linalg.norm(found[2:] - truth.points[best], axis=1).mean() / sizes[best]
            rows.append((float(score), True, float(sizes[best]), float(distance)))
    return rows


def _sizes(boxes: np.ndarray) -> np.ndarray:
    return np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def truth(faces: Annotated, least_px: float) -> Truth:
    """Faces smaller than least_px (root of the area) are ignored."""
    return Truth(faces.boxes, faces.ignored | (_sizes(faces.boxes) < least_px), four_points(faces.points))


def found_by(
    detect: Callable[[np.ndarray], list[Face]], pictures: Sequence[np.ndarray], truths: list[Truth], same_iou: float
) -> Matches:
    """What a detector of the device makes of the pictures."""
    return matched([_as_pairs(detect(picture)) for picture in pictures], truths, same_iou)


def _as_pairs(faces: list[Face]) -> tuple[np.ndarray, np.ndarray]:
    rows = [[(f.box.x0, f.box.y0), (f.box.x1, f.box.y1), *f.points] for f in faces]
    return np.array(rows, np.float32).reshape(-1, 6, 2), np.array([face.score for face in faces], np.float32)


def detections(
    pairs: np.ndarray, logits: np.ndarray, least_logit: float, merge_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Merged pairs and scores, likeliest first, of one picture's cells."""
    likely = logits >= least_logit
    return merged(pairs[likely], (1 / (1 + np.exp(-logits[likely]))).astype(np.float32), merge_iou)
