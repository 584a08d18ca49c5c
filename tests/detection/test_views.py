"""Training pictures and what the network shall answer to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.detectors.anchor_free import decoded
from tests.detection.photographs import drawn
from training.detection.annotations import MarkedFace, annotated
from training.detection.camera import seen_by_camera
from training.detection.pictures import Picture
from training.detection.targets import (
    FACE,
    POINTS_KNOWN,
    TARGET_BOX,
    TARGET_POINTS,
    WEIGHT,
    Grids,
)
from training.detection.views import Chooser, Views, composed, view


@pytest.fixture
def pictures() -> list[Picture]:
    def faced(seed: int, faces: int) -> Picture:
        grey, boxes, points = drawn(seed, faces)
        marked = [MarkedFace(box, five) for box, five in zip(boxes, points, strict=True)]
        return Picture(grey, annotated(Path(f"{seed}.png"), marked))

    return [faced(1, 2), faced(2, 2), faced(3, 0)]


def test_boxes_and_points_go_where_the_face_goes(pictures: list[Picture]) -> None:
    knobs = Views(cover_probability=0)
    for seed in range(40):
        one = view(pictures[0], 0, 200, 260, knobs, np.random.default_rng(seed))
        for box, points in zip(one.boxes[~one.ignored], one.points[~one.ignored], strict=True):
            middle = ((box[:2] + box[2:]) / 2).astype(int)
            assert one.grey[middle[1] + 1, middle[0]] > 150  # between eyes and mouth the drawn face is bright
            eye_left, eye_right, _, mouth_left, mouth_right = points
            assert eye_left[0] < eye_right[0]
            assert mouth_left[0] < mouth_right[0]
            assert mouth_left[1] > eye_left[1]


def test_faces_cut_off_are_ignored_or_gone(pictures: list[Picture]) -> None:
    for seed in range(40):
        one = view(pictures[1], 0, 160, 160, Views(), np.random.default_rng(seed))
        assert (one.boxes >= 0).all()
        assert (one.boxes <= 160).all()
        sizes = np.prod(one.boxes[:, 2:] - one.boxes[:, :2], axis=1)
        assert (sizes[~one.ignored] >= Views().smallest_px ** 2).all()


def test_a_composed_view_depends_on_the_random_numbers_only(pictures: list[Picture]) -> None:
    chooser = Chooser(pictures, Views())
    one, again, other = (composed(chooser, 96, 128, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.grey == again.grey).all()
    assert not np.array_equal(one.grey, other.grey)
    spoilt = seen_by_camera(one.grey, np.random.default_rng(1))
    assert spoilt.shape == (96, 128)
    assert spoilt.dtype == np.uint8


def test_targets_decode_to_the_faces() -> None:
    grids = Grids(160, 192)
    boxes = np.array([[20, 30, 40, 58], [60, 40, 150, 150], [5, 5, 14, 15]], np.float32)
    points = np.stack([np.linspace(box[:2], box[2:], 5) for box in boxes]).astype(np.float32)
    rows = grids.targets(boxes, points, np.zeros(3, bool), np.array([1, 0.5, 1], np.float32))
    mine = rows[:, FACE] > 0
    pairs = decoded(rows[mine, TARGET_BOX], rows[mine, TARGET_POINTS], grids.centres[mine], grids.strides[mine])
    found = {tuple(np.round(pair[:2].ravel()).tolist()) for pair in pairs}
    assert found == {tuple(box) for box in boxes.tolist()}
    assert set(grids.strides[mine]) == {8, 32}
    assert set(rows[mine, WEIGHT]) == {1, 0.5}
    assert (rows[mine, POINTS_KNOWN] == 1).all()


def test_ignored_faces_and_unknown_points_cost_nothing() -> None:
    grids = Grids(160, 160)
    boxes = np.array([[10, 10, 60, 60], [100, 100, 130, 140]], np.float32)
    points = np.full((2, 5, 2), np.nan, np.float32)
    rows = grids.targets(boxes, points, np.array([True, False]), np.ones(2, np.float32))
    inside = ((grids.centres >= 10) & (grids.centres < 60)).all(axis=1)
    assert (rows[inside, WEIGHT] == 0).all()
    assert (rows[inside, FACE] == 0).all()
    assert rows[:, FACE].any()
    assert (rows[:, POINTS_KNOWN] == 0).all()
    assert not np.isnan(rows).any()
