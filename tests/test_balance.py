"""Class-balanced and logit-adjusted losses, brought about outside of the loss."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

from training.balance import class_weights, logit_adjusted, reweighted, weighted
from training.data import FaceSet, base_rates
from training.recipe import load_recipe


@pytest.fixture
def faces() -> FaceSet:
    random = np.random.default_rng(0)
    targets = random.dirichlet([0.3, 0.1, 0.1, 1, 0.5, 0.4, 1.2], 200).astype(np.float32)
    return FaceSet(np.zeros((200, 48, 48), np.uint8), targets, targets.argmax(axis=1), np.arange(200))


def test_weighted_faces_cost_what_the_weighted_loss_costs(faces: FaceSet) -> None:
    weights = class_weights(base_rates(faces), exponent=0.7)
    log_p = np.log(np.random.default_rng(1).dirichlet(np.ones(7), 200))
    wanted = -(weights * faces.targets * log_p).sum(axis=1)
    balanced = weighted(faces, weights)
    np.testing.assert_allclose(balanced.repeats * -(balanced.targets * log_p).sum(axis=1), wanted, rtol=1e-5)
    assert balanced.repeats.mean() == pytest.approx(1, abs=1e-5)


def test_at_one_all_emotions_count_alike(faces: FaceSet) -> None:
    rates = base_rates(faces)
    np.testing.assert_allclose(base_rates(weighted(faces, class_weights(rates, 1.0))), np.full(7, 1 / 7), rtol=1e-5)
    assert class_weights(np.array([0.5, 0.5, 0, 0, 0, 0, 0]), 1.0).tolist() == [1, 1, 0, 0, 0, 0, 0]


def test_a_teachers_opinion_is_reweighted_alike() -> None:
    told = reweighted(np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([1.0, 3.0]))
    np.testing.assert_allclose(told, [[0.25, 0.75], [0.75, 0.25]])


def test_the_logit_adjusted_loss_is_cross_entropy_from_another_bias() -> None:
    """Softmax regression, step by step: with the offset in the loss, and with the offset in the first bias."""
    random = np.random.default_rng(2)
    x, y = random.normal(size=(64, 5)), random.dirichlet(np.ones(7), 64)
    offset = np.log(random.dirichlet(np.ones(7)))
    in_loss, in_bias = (np.zeros((5, 7)), np.zeros(7)), (np.zeros((5, 7)), offset.copy())
    for _ in range(50):
        in_loss = descended(*in_loss, x, y, offset)
        in_bias = descended(*in_bias, x, y, np.zeros(7))
    np.testing.assert_allclose(in_loss[0], in_bias[0])
    np.testing.assert_allclose(in_loss[1] + offset, in_bias[1])


def test_a_recipes_network_begins_with_the_base_rates() -> None:
    rates = np.array([0.1, 0.05, 0.05, 0.3, 0.1, 0.1, 0.3])
    network = logit_adjusted(load_recipe("smoke").network, rates, tau=0.5)
    np.testing.assert_allclose(network().layers[-1].get_weights()[1], 0.5 * np.log(rates), rtol=1e-5)
    assert network(side=None).input_shape == (None, None, None, 1)
    assert network.__name__ == "residual"


def descended(
    w: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One step of gradient descent on the cross-entropy of x w + b + offset."""
    powers = np.exp(x @ w + b + offset)
    error = powers / powers.sum(axis=1, keepdims=True) - y
    return w - 0.01 * x.T @ error, b - 0.01 * error.sum(axis=0)
