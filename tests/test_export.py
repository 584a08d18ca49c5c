"""A trained network for other programs answers there as it does here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")
pytest.importorskip("tensorflow", reason="training needs the training extra: pip install -e .[training]")

import keras

from training.__main__ import main
from training.distil import trained_network

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return trained_network("emotion")


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """(2, 48, 48, 1) float32 pixels."""
    return np.random.default_rng(0).integers(0, 256, (2, 48, 48, 1)).astype(np.float32)


def exported(file: Path) -> Path:
    assert main(["export", "emotion", "--out", str(file)]) == 0
    return file


def test_as_float_tflite(network: keras.Model, faces: np.ndarray, tmp_path: Path) -> None:
    interpreter = Interpreter(str(exported(tmp_path / "new" / "emotion.tflite")))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (taken["dtype"], given["dtype"]) == (np.float32, np.float32)
    interpreter.resize_tensor_input(taken["index"], faces.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], faces)
    interpreter.invoke()
    expected = network.predict(faces, verbose=0)
    np.testing.assert_allclose(interpreter.get_tensor(given["index"]), expected, atol=1e-3)


def test_as_a_keras_file(network: keras.Model, faces: np.ndarray, tmp_path: Path) -> None:
    again = keras.models.load_model(exported(tmp_path / "emotion.keras"))
    np.testing.assert_allclose(again.predict(faces, verbose=0), network.predict(faces, verbose=0), atol=1e-4)


def test_as_arrays(network: keras.Model, tmp_path: Path) -> None:
    arrays = np.load(exported(tmp_path / "emotion.npz"))
    assert sum(array.size for array in arrays.values()) == network.count_params()
    np.testing.assert_array_equal(arrays["logits/bias"], network.get_layer("logits").bias.numpy())


def test_another_format_is_one_line_that_names_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "emotion", "--out", str(tmp_path / "emotion.onnx")]) == 2
    assert ".keras, *.npz, *.tflite" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
