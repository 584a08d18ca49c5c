"""The two files of a report, float and int8, and the proof that they are the same network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.emotion.classifier import EmotionClassifier, log_offsets
from edge.emotion.tflite import TfliteModel
from quantize.layers import SAME_WEIGHTS, corresponding, weight_correlation
from quantize.operators import CONVERSIONS, operators
from training.errors import DataError

FLOAT_FILE = "float32.tflite"
"""In the run folder: the same network unquantized, to compare with."""

PIXEL_RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
"""What networks expect black and white to be."""

SMALLEST_PROBABILITY = 1 / 512
"""Half a step of an int8 softmax: what its zero stands for."""


@dataclass(frozen=True)
class Subject:
    """One of the two files. temperature and bias, (K,): of its card, or None where it has no card.

    logits: (H, W) or (H, W, 3) uint8 picture to (K,), the bias included: their largest is what the device decides for.
    batch: the same picture as the file's input tensor.
    """

    file: Path
    content: bytes
    shape: tuple[int, ...]
    temperature: float | None
    logits: Callable[[np.ndarray], np.ndarray]
    batch: Callable[[np.ndarray], np.ndarray]
    bias: np.ndarray | None = None


@dataclass(frozen=True)
class Pair:
    """classes: how many values both answer. pixels: what black and white are for the networks."""

    float: Subject
    int8: Subject
    classes: int
    pixels: tuple[float, float]

    def each(self) -> dict[str, Subject]:
        return {"float": self.float, "int8": self.int8}


def shipped_pair(run: Path, model: Path) -> Pair:
    """A model of ours and the float file of the run it was made from. Raises DataError, ModelError."""
    unquantized = run / FLOAT_FILE
    if not unquantized.is_file():
        raise DataError(f"{unquantized} is missing; make it with `python -m quantize convert --run {run}`")
    classifiers = [EmotionClassifier(path) for path in (unquantized, model)]
    one, other = (classifier.card.get("training", {}) for classifier in classifiers)
    measured = sorted({*one, *other} - {"notes"})  # those are written by hand, afterwards
    differing = [key for key in measured if one.get(key) != other.get(key)]
    if differing:
        key = differing[0]
        raise DataError(
            f"{unquantized} and {model} are not of one training: their cards differ in {key}; "
            "convert the run again, or name the run this model was made from"
        )
    subjects = []
    for path, classifier in zip((unquantized, model), classifiers, strict=True):
        subject = _subject(path, path.read_bytes(), PIXEL_RANGES[0])
        temperature = float(classifier.card["temperature"])
        bias = temperature * log_offsets(classifier.card, "everyday")
        subjects.append(replace(subject, logits=_with_bias(classifier, bias), temperature=temperature, bias=bias))
    return _checked(*subjects, PIXEL_RANGES[0])


def _with_bias(classifier: EmotionClassifier, bias: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda face: classifier.logits(face) + bias


def foreign_pair(unquantized: Path, int8: Path, pixels: tuple[float, float] | None = None) -> Pair:
    """Any classifier: a Keras or .tflite file in float, and its int8 .tflite. Raises DataError, ModelError.

    pixels: what black and white are for the networks; by default one of PIXEL_RANGES, read from the int8 file's input.
    """
    content = _content(int8)
    pixels = pixels or pixel_range(TfliteModel(content, str(int8)))
    return _checked(_subject(unquantized, _float_content(unquantized), pixels), _subject(int8, content, pixels), pixels)


def pixel_range(network: TfliteModel) -> tuple[float, float]:
    """The range whose ends are nearest to the smallest and largest real number that an integer input can hold."""
    quantization = network.input_quantization()
    if quantization.dtype.kind not in "iu":
        return PIXEL_RANGES[0]
    limits = np.iinfo(quantization.dtype)
    low, high = (float(quantization.dequantize(np.array(end))) for end in (limits.min, limits.max))
    return min(PIXEL_RANGES, key=lambda ends: (abs(ends[0] - low) + abs(ends[1] - high)) / (ends[1] - ends[0]))


def _subject(path: Path, content: bytes, pixels: tuple[float, float]) -> Subject:
    """A file without a card. Where it ends with a softmax, the logarithm of its answers stands for logits."""
    black, white = pixels
    network = TfliteModel(content, str(path))
    quantization, answers = network.input_quantization(), network.output_quantization()
    names = [operator.name for operator in operators(content) if operator.name not in CONVERSIONS]
    ends_with_softmax = names[-1:] == ["SOFTMAX"]

    def batch(picture: np.ndarray) -> np.ndarray:
        real = picture.reshape(network.input_shape).astype(np.float32) * ((white - black) / 255) + black
        return quantization.quantize(real)

    def logits(picture: np.ndarray) -> np.ndarray:
        answer = answers.dequantize(network.run(batch(picture))[0][0])
        return np.log(np.maximum(answer, SMALLEST_PROBABILITY)) if ends_with_softmax else answer

    return Subject(path, content, network.input_shape, None, logits, batch)


def _checked(one: Subject, other: Subject, pixels: tuple[float, float]) -> Pair:
    """The pair, after everything that can be known to be wrong without pictures. Raises DataError."""
    networks = [TfliteModel(subject.content, str(subject.file)) for subject in (one, other)]
    for subject, network, kinds, wanted in zip((one, other), networks, ("f", "iu"), ("float", "int8"), strict=True):
        if (
            len(network.inputs) != 1
            or len(subject.shape) != 4
            or subject.shape[0] != 1
            or subject.shape[3] not in (1, 3)
        ):
            raise DataError(f"{subject.file} takes {subject.shape}, not one grey or colour picture (1, H, W, 1 or 3)")
        kind = np.dtype(network.inputs[0]["dtype"])
        if kind.kind not in kinds:
            raise DataError(
                f"{subject.file} takes {kind} input, the {wanted} file of a report must take {wanted} input"
            )
    classes = [int(network.outputs[0]["shape"][-1]) for network in networks]
    if one.shape != other.shape or classes[0] != classes[1]:
        raise DataError(
            f"{one.file} and {other.file} do not belong together: "
            f"{one.shape} to {classes[0]} classes, and {other.shape} to {classes[1]}"
        )
    correlation = weight_correlation(corresponding(one.content, other.content))
    if correlation is not None and correlation < SAME_WEIGHTS:
        raise DataError(
            f"{one.file} and {other.file} do not belong together: their weights correlate by {correlation:.2f}, "
            "those of one network by more than 0.99"
        )
    return Pair(one, other, classes[0], pixels)


def _float_content(path: Path) -> bytes:
    """The bytes of a .tflite file, or of a Keras file after conversion without quantization."""
    content = _content(path)
    if path.suffix == ".tflite":
        return content
    from quantize.converter import float_content
    from training.networks import load_network

    return float_content(load_network(path))


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"{path} is missing")
    return path.read_bytes()
