"""The ways to make a network int8: each answers like the float network, and the best one is remembered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="conversion needs the training extra: pip install -e .[training]")
pytest.importorskip("keras", reason="conversion needs the training extra: pip install -e .[training]")

import keras

from quantize import rounding
from quantize.convert import check_integers, checksum, chosen_method
from quantize.editing import NetworkFile, Observed
from quantize.equalization import channel_groups, equalized
from quantize.methods import DEFAULT, METHODS, RULE, Judge, Source, known, read_lines, write_lines
from quantize.ranges import extremes
from quantize.tuning import Tuning
from training.data import FaceSet
from training.errors import DataError
from training.networks import residual
from training.run import BEST

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def blocks_of_noise(count: int, seed: int) -> np.ndarray:
    """(count, 48, 48) uint8."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 12, 12))
    return np.kron(small, np.ones((4, 4))).astype(np.uint8)


@pytest.fixture(scope="module")
def source() -> Source:
    """Two residual blocks with channels of very unlike size."""
    keras.utils.set_random_seed(3)
    model = residual(stem=8, widths=(8, 12), blocks=(1, 1))
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [np.exp(random.normal(0, 1, gamma.shape)), random.normal(0, 0.5, beta.shape), mean, variance]
            )
    plain = keras.models.clone_model(model, input_tensors=keras.Input(batch_shape=(1, 48, 48, 1)))
    plain.set_weights(model.get_weights())
    ends = [np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 255, np.uint8)]
    return Source.of(plain, np.concatenate([*ends, blocks_of_noise(38, seed=1)]))


@pytest.fixture(scope="module")
def judge(source: Source) -> Judge:
    images = blocks_of_noise(60, seed=2)
    file = NetworkFile(source.float32)
    labels = Observed(file, [file.steps[-1].output]).answers(images).argmax(axis=1)
    return Judge(source.float32, FaceSet(images, np.eye(7, dtype=np.float32)[labels], labels, np.arange(60)))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_like_the_float_network(name: str, source: Source, judge: Judge) -> None:
    files = METHODS[name](source)
    check_integers(files.int8)
    line = judge.line(files.int8)
    assert line["snr_db"] > 15
    assert line["equal_decisions"] > 0.8
    assert judge.line(files.float32)["snr_db"] > 60, "the float file still computes what was trained"


def test_a_stage_of_residual_blocks_shares_its_factors(source: Source) -> None:
    file = NetworkFile(source.float32)
    names = {step.output: step.name for step in file.steps}
    groups = sorted(sorted(names[tensor] for tensor in group) for group in channel_groups(file))
    stage = ["ADD", "CONV_2D", "CONV_2D"]
    assert groups == sorted([["CONV_2D"], ["CONV_2D"], ["CONV_2D"], stage, [*stage, "MEAN"]])


def test_equalization_brings_channels_to_like_ranges(source: Source) -> None:
    def unevenness(content: bytes) -> float:
        file = NetworkFile(content)
        (values,) = zip(*Observed(file, [file.steps[2].output]).batches(source.pictures), strict=True)
        largest = np.abs(np.concatenate(values)).reshape(-1, 8).max(axis=0)
        return float(largest.max() / np.median(largest))

    assert unevenness(equalized(source.float32, source.pictures, 1.0)) < unevenness(source.float32)


def test_patches_are_what_the_kernel_lies_on(source: Source) -> None:
    tuning = Tuning(source.float32, source.skeleton)
    for number, step in enumerate(tuning.steps):
        if step.weights is None or step.options is None or getattr(step.options, "fusedActivationFunction", 0):
            continue
        kernel = tuning.kernels[number]
        ((inputs, outputs),) = tuning.observed_float([tuning.source(number), number]).batches(source.pictures[:32])
        everywhere = np.ones(outputs.shape[1:3] if outputs.ndim == 4 else (1, 1), dtype=bool)
        patches = rounding._unfolded(inputs, step, kernel.shape, everywhere)
        ours = patches @ kernel.reshape(len(kernel), -1).T + tuning.biases.get(number, 0.0)
        np.testing.assert_allclose(ours.reshape(outputs.shape), outputs, atol=1e-3 * np.abs(outputs).max())


def test_rounding_makes_a_layer_more_exact(source: Source) -> None:
    tuning = Tuning(source.float32, source.skeleton)
    extremes(tuning, source.pictures)
    number = max(tuning.kernels, key=lambda one: tuning.kernels[one].size)
    _, real = rounding._patches(tuning, number, source.pictures)
    kernel = tuning.kernels[number].reshape(len(tuning.kernels[number]), -1)
    centred = real - real.mean(axis=0)

    def error() -> float:
        return float(((centred @ (rounding._rounded(tuning, number) - kernel).T) ** 2).sum())

    nearest = error()
    rounding.round_weights(tuning, source.pictures)
    assert error() < nearest


def test_what_was_measured_is_remembered_for_its_network_only(tmp_path: Path) -> None:
    lines = [{"method": "measured ranges", "divergence": 0.001}]
    assert read_lines(tmp_path, "abc") == []
    write_lines(tmp_path, "abc", lines)
    assert read_lines(tmp_path, "abc") == lines
    assert read_lines(tmp_path, "def") == []
    (tmp_path / "methods.json").write_text("{")
    with pytest.raises(DataError, match=r"methods\.json is damaged"):
        read_lines(tmp_path, "abc")


def test_the_best_that_was_measured_is_taken_unless_another_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / BEST).write_bytes(b"a network")
    assert chosen_method(tmp_path)["method"] == DEFAULT
    lines = [{"method": name, "divergence": 0.001} for name in ("bias correction", "measured ranges")]
    write_lines(tmp_path, checksum(tmp_path), lines)
    assert chosen_method(tmp_path) == {"method": "bias correction", "rule": RULE, "measured": lines}
    assert chosen_method(tmp_path, "measured ranges")["method"] == "measured ranges"
    with pytest.raises(DataError, match="no method 'magic'"):
        chosen_method(tmp_path, "magic")


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(DataError, match="no method 'magic'; there are: TensorFlow's converter; "):
        known("magic")
