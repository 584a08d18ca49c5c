"""The beginning of a teacher: other people's weights, for one grey channel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras
from keras import layers

from training import known_faces
from training.errors import DataError
from training.known_faces import MEAN_COLOUR, known, main, mobilenet, read_weights

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    """Made up, in the shapes and by the names of the file: convolutions with a folded batch normalization."""
    random = np.random.default_rng(0)
    found = {}
    for layer in mobilenet().layers:
        if isinstance(layer, layers.DepthwiseConv2D):
            found[f"{layer.name}/depthwise_kernel"] = random.normal(0, 0.4, layer.kernel.shape)
            found[f"{layer.name}_bn/batchnorm_1/mul"] = random.uniform(0.5, 1.5, layer.kernel.shape[2])
        elif isinstance(layer, layers.Conv2D):
            size, colours, out = layer.kernel.shape[0], layer.kernel.shape[2], layer.kernel.shape[3]
            shape = (size, size, 3 if layer.name == "conv1" else colours, out)
            spread = 0.01 if layer.name == "conv1" else np.sqrt(2 / (size * size * colours))
            found[f"{layer.name}/convolution/merged_input"] = random.normal(0, spread, shape)
        else:
            continue
        found[f"{layer.name}_bn/batchnorm_1/sub"] = random.uniform(-0.5, 0.5, layer.output.shape[-1])
    return {name: value.astype(np.float32) for name, value in found.items()}


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (8, 48, 48, 1)).astype(np.float32)


def test_a_grey_face_is_three_equal_colours_each_less_its_own_mean(
    weights: dict[str, np.ndarray], faces: np.ndarray
) -> None:
    network = known(weights)
    shown = keras.Model(network.inputs[0], [network.get_layer(name).output for name in ("enlarged", "conv1")])
    enlarged, answer = (keras.ops.convert_to_numpy(one) for one in shown(faces, training=False))
    assert enlarged.shape == (8, 96, 96, 1)
    colours = enlarged + np.mean(MEAN_COLOUR) - np.array(MEAN_COLOUR)
    corner = colours[:, 10:13, 20:23]  # what the stride of 2 without padding at the near end looks at
    expected = np.einsum("nhwc,hwco->no", corner, weights["conv1/convolution/merged_input"])
    expected += weights["conv1_bn/batchnorm_1/sub"]
    np.testing.assert_allclose(answer[:, 5, 10], expected, atol=1e-3)


def test_a_depthwise_kernel_has_its_scale_folded_in(weights: dict[str, np.ndarray]) -> None:
    kernel, bias = known(weights).get_layer("conv_dw_2").get_weights()
    scaled = weights["conv_dw_2/depthwise_kernel"][..., 0] * weights["conv_dw_2_bn/batchnorm_1/mul"]
    np.testing.assert_allclose(kernel[..., 0], scaled, rtol=1e-6)
    np.testing.assert_array_equal(bias, weights["conv_dw_2_bn/batchnorm_1/sub"])


def test_it_says_nothing_about_emotions_yet(weights: dict[str, np.ndarray], faces: np.ndarray) -> None:
    assert not keras.ops.convert_to_numpy(known(weights)(faces, training=False)).any()


def test_only_the_files_that_were_examined_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tmp_path / "faceres.json"
    with pytest.raises(DataError, match=r"faceres\.json is missing: npm pack @vladmandic/human"):
        read_weights(graph)
    entry = {"name": "kernel", "shape": [2, 3], "dtype": "float32", "quantization": {"dtype": "float16"}}
    manifest = [{"weights": [entry, {"name": "axis", "shape": [1], "dtype": "int32"}]}]
    graph.write_text(json.dumps({"weightsManifest": manifest}))
    values = np.arange(6, dtype=np.float16).reshape(2, 3) / 4
    graph.with_suffix(".bin").write_bytes(values.tobytes() + np.array([7], np.int32).tobytes())
    with pytest.raises(DataError, match="is another file than that of"):
        read_weights(graph)
    for name, path in (("JSON_SHA256", graph), ("BIN_SHA256", graph.with_suffix(".bin"))):
        monkeypatch.setattr(known_faces, name, known_faces.checksum(path))
    found = read_weights(graph)
    assert (found["kernel"] == values).all()
    assert found["axis"].tolist() == [7]


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / "faceres.json"), f"--data={tmp_path}", f"--run={tmp_path / 'run'}"]
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "run").exists()
