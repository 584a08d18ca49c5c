"""Average precision, recall and false boxes, on detections whose right answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from training.detection.scoring import Truth, detections, matched


def boxed(*boxes: tuple[float, ...]) -> np.ndarray:
    """(N, 6, 2) pairs with all points in the box's top left corner."""
    return np.array([[box[:2], box[2:], *[box[:2]] * 4] for box in boxes], np.float32).reshape(-1, 6, 2)


def truth(boxes: list[tuple[float, ...]], ignored: list[bool]) -> Truth:
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    return Truth(corners, np.array(ignored, bool), np.repeat(corners[:, None, :2], 4, axis=1) + 3)


TRUTH = truth([(0, 0, 20, 20), (50, 50, 90, 90), (100, 0, 110, 10)], [False, False, True])


def test_matches() -> None:
    found = boxed((0, 0, 20, 21), (1, 0, 20, 20), (100, 0, 110, 10), (200, 200, 220, 220), (52, 50, 90, 90))
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    matches = matched([(found, scores)], [TRUTH], 0.4)
    assert matches.right.tolist() == [True, False, False, True]  # the ignored face's detection is not among them
    assert matches.average_precision() == pytest.approx((1 + 0.5) / 2)
    assert matches.recall(0.5) == 1
    assert matches.recall(0.6) == 0.5
    assert matches.recall(0.5, 30) == 1
    assert matches.false_per_picture(0.6) == 2
    assert matches.score_at(1) == pytest.approx(0.8)
    assert matches.point_error() == pytest.approx(np.median([math.hypot(3, 3) / 20, math.hypot(1, 3) / 40]), rel=1e-5)


def test_moved_scores_keep_their_order() -> None:
    found = boxed((0, 0, 20, 20), (50, 50, 90, 90))
    matches = matched([(found, np.array([0.5, 0.25], np.float32))], [TRUTH], 0.4).moved(math.log(3))
    assert matches.scores == pytest.approx([0.75, 0.5])


def test_a_picture_without_faces_only_costs() -> None:
    matches = matched([(boxed((0, 0, 9, 9)), np.array([0.9], np.float32))], [truth([], [])], 0.4)
    assert matches.average_precision() == 0
    assert matches.false_per_picture(0.5) == 1
    assert math.isnan(matches.point_error())


def test_detections_are_merged_likeliest_first() -> None:
    pairs, scores = detections(
        boxed((0, 0, 10, 10), (0, 0, 10, 10), (40, 0, 50, 10), (80, 0, 90, 10)),
        np.array([0.0, 1.0, 2.0, -3.0], np.float32),
        least_logit=-1,
        merge_iou=0.4,
    )
    assert pairs[:, 0, 0].tolist() == [40, 0]
    assert scores == pytest.approx(1 / (1 + np.exp([-2.0, -1.0])))
