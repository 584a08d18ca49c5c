"""The PyTorch twin of a Keras network: the same numbers; a killed run of it ends like one that was not killed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is optional: pip install -e .[torch]")
pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras
import torch
from keras import layers

from tests.synthetic_fer2013 import write_fer2013
from training import networks
from training.twin import Twin

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

small = partial(networks.residual, stem=16, widths=(16, 32), blocks=(1, 1), dropout=0.2)


@pytest.fixture
def network() -> keras.Model:
    """A small network whose batch statistics are those of a trained one: none is 0 or 1."""
    model = small()
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    return model


@pytest.mark.parametrize("side", [48, 33])
def test_a_twin_computes_what_keras_computes(network: keras.Model, side: int) -> None:
    any_size = small(side=None)
    any_size.set_weights(network.get_weights())
    faces = np.random.default_rng(1).uniform(0, 255, (3, side, side, 1)).astype(np.float32)
    twin = Twin(network).eval()
    twin.read(network)
    with torch.inference_mode():
        ours = twin(torch.from_numpy(faces).permute(0, 3, 1, 2)).numpy()
    theirs = keras.ops.convert_to_numpy(any_size(faces, training=False))
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


def test_a_relu_may_end_at_six() -> None:
    pixels = keras.Input((4, 4, 1))
    capped = keras.Model(pixels, layers.ReLU(6.0)(pixels))
    values = np.linspace(-10, 20, 16, dtype=np.float32).reshape(1, 4, 4, 1)
    ours = Twin(capped)(torch.from_numpy(values).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(ours, values.clip(0, 6))
    with pytest.raises(TypeError, match="has no twin"):
        Twin(keras.Model(pixels, layers.ReLU(3.0)(pixels)))


def test_weights_go_there_and_back(network: keras.Model) -> None:
    twin, other = Twin(network), small()
    twin.read(network)
    twin.write(other)
    for expected, actual in zip(network.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_a_layer_without_a_twin_is_named() -> None:
    pixels = keras.Input((8, 8, 1))
    model = keras.Model(pixels, layers.Softmax(name="shares")(pixels))
    with pytest.raises(TypeError, match="shares: Softmax has no twin"):
        Twin(model)


def test_a_killed_run_ends_like_an_unbroken_one(tmp_path: Path) -> None:
    """In processes of their own, since Keras chooses its backend once. The first is told to stop after one epoch."""
    write_fer2013(tmp_path, per_label=19)
    run_smoke(tmp_path, "unbroken")
    run_smoke(
        tmp_path, "broken", after="os.replace = lambda a, b, r=os.replace: (r(a, b), 'state' in str(b) and os._exit(9))"
    )
    run_smoke(tmp_path, "broken")
    one, other = (torch.load(tmp_path / run / "state.pt", weights_only=True) for run in ("unbroken", "broken"))
    assert one["steps"] == other["steps"]
    for name, value in one["average"].items():
        assert torch.equal(value, other["average"][name]), name
    assert (tmp_path / "unbroken/epochs.csv").read_text() == (tmp_path / "broken/epochs.csv").read_text()


def run_smoke(folder: Path, run: str, after: str = "") -> None:
    """Train the smoke recipe with PyTorch; `after` are statements that make the process end early."""
    code = f"import os, sys; {after}\nfrom training.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "train", "smoke", "--data", str(folder), "--run", str(folder / run)]
    done = subprocess.run(
        command, env=os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == (9 if after else 0), done.stderr
