"""Detectors without anchors: their arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from edge.detectors.anchor_free import Sureness, cell_centres, decoded, joint, least_of_each, pixel_table
from edge.detectors.letterbox import Letterbox
from edge.emotion.tflite import Quantization

INT8 = Quantization(1.0, -128, np.dtype(np.int8))


def test_cells_are_listed_row_by_row_from_their_middles() -> None:
    centres = cell_centres(30, 40, 8)
    assert centres.shape == (1200, 2)
    assert centres[:2].tolist() == [[4, 4], [12, 4]]
    assert centres[40].tolist() == [4, 12]


def test_decoding() -> None:
    boxes = np.array([[0.5, -0.5, np.log(2), np.log(4)]], np.float32)
    points = np.array([[-0.5, -1, 0.5, -1, 0, 0, -0.25, 1, 0.75, 1]], np.float32)
    pairs = decoded(boxes, points, np.array([[100, 60]], np.float32), np.array([8], np.float32))
    assert pairs[0, :2] == pytest.approx(np.array([[96, 40], [112, 72]]), abs=1e-4)
    assert pairs[0, 2:] == pytest.approx(np.array([[96, 52], [104, 52], [100, 60], [102.08, 68.64]]), abs=1e-4)


def test_a_wild_answer_stays_finite() -> None:
    pairs = decoded(np.full((1, 4), 1e4, np.float32), np.zeros((1, 10), np.float32), np.zeros((1, 2)), np.ones(1))
    assert np.isfinite(pairs).all()


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 3)])
def test_a_camera_picture_fills_the_input(shape: tuple[int, ...]) -> None:
    batch, origin, scale = Letterbox(240, 320, 1, pixel_table(INT8)).fit(np.full(shape, 200, np.uint8))
    assert batch.shape == (1, 240, 320, 1)
    assert (batch == 72).all()
    assert origin.tolist() == [0, 0]
    assert scale.tolist() == [0.5, 0.5]


def test_other_shapes_lie_on_black_also_after_a_larger_one() -> None:
    letterbox = Letterbox(240, 320, 1, pixel_table(INT8))
    letterbox.fit(np.full((240, 320), 255, np.uint8))
    batch, origin, scale = letterbox.fit(np.full((480, 240), 255, np.uint8))
    assert origin.tolist() == [100, 0]
    assert scale.tolist() == [0.5, 0.5]
    assert (batch[0, :, :100] == -128).all()
    assert (batch[0, :, 100:220] == 127).all()
    assert (batch[0, :, 220:] == -128).all()


def test_scores_and_logits_are_each_others_inverse() -> None:
    sureness = Sureness(1.0, 1.5)
    assert sureness.scores(np.array([sureness.logit(0.6)], np.float32)) == pytest.approx([0.6])
    assert sureness.logit(0.3) < sureness.logit(0.6)


def test_two_logits_are_one_geometric_mean() -> None:
    likelihoods = np.array([[0.9, 0.4], [0.5, 0.5], [1e-6, 0.999]])
    logits = joint(np.log(likelihoods / (1 - likelihoods)))
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(np.sqrt(likelihoods.prod(axis=1)), rel=1e-4)
    assert joint(np.array([[3.0], [-2.0]], np.float32)).tolist() == [3, -2]


def test_no_logit_below_the_least_can_be_part_of_a_sure_pair() -> None:
    least = least_of_each(0.4, 2)
    assert joint(np.array([[least, 50.0]])) == pytest.approx([0.4])
    assert least_of_each(0.4, 1) == pytest.approx(0.4)
