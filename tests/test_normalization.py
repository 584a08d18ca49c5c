"""Batch normalization put into a trained network: it answers as before, and learns from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras
from keras import layers

from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.distil import trained_network
from training.emotions import begun_from
from training.errors import DataError
from training.normalization import normalized

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 48, 48, 1)).astype(np.float32)


def test_a_shipped_network_answers_as_before(faces: np.ndarray) -> None:
    shipped = trained_network("emotion-nano")
    begun = normalized(shipped, faces)
    expected = keras.ops.convert_to_numpy(shipped(faces, training=False))
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(keras.ops.convert_to_numpy(begun(faces, training=False)), expected, atol=1e-3)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(begun(faces, training=True)),
        expected,
        atol=1e-3,
        err_msg="a first step sees the very faces whose statistics it has",
    )


def test_every_convolution_gives_its_bias_away(faces: np.ndarray) -> None:
    begun = normalized(trained_network("emotion-nano"), faces)
    convolutions = [layer for layer in begun.layers if isinstance(layer, layers.Conv2D)]
    assert len(convolutions) > 5
    assert not any(layer.use_bias for layer in convolutions)
    assert sum(isinstance(layer, layers.BatchNormalization) for layer in begun.layers) == len(convolutions)


def test_it_begins_at_any_size(faces: np.ndarray) -> None:
    assert begun_from("emotion-nano", faces)(side=None)(faces[:, :32, :32]).shape == (16, 7)


def test_a_fused_activation_is_named(faces: np.ndarray) -> None:
    pixels = keras.Input((48, 48, 1))
    fused = keras.Model(pixels, layers.Conv2D(4, 3, activation="relu", name="fused")(pixels))
    with pytest.raises(DataError, match="fused: its activation must be a layer of its own"):
        normalized(fused, faces)


def test_a_recipe_can_ask_for_it(tmp_path: Path) -> None:
    write_fer2013(tmp_path)
    knobs = ["start=emotion-nano", "normalized=True", "epochs=1", "batch_size=16"]
    run = tmp_path / "run"
    assert main(["train", "smoke", f"--data={tmp_path}", f"--run={run}", "--set", *knobs]) == 0
    trained = trained_network(str(run))
    assert any(isinstance(layer, layers.BatchNormalization) for layer in trained.layers)
