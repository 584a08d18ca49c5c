"""The ways to make a network int8, and which of them answers most like the float network on PublicTest."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.emotion.classifier import probabilities
from quantize import rounding
from quantize.ai_edge import ai_edge_content
from quantize.editing import NetworkFile, Observed
from quantize.equalization import equalized
from quantize.ranges import clipped, extremes
from quantize.tuning import Tuning
from training.confidence import fit_temperature
from training.data import FaceSet
from training.errors import DataError
from training.metrics import negative_log_likelihood, paired_difference, rounded

if TYPE_CHECKING:
    import keras

log = logging.getLogger(__name__)

SKELETON_PICTURES = 8
"""Enough for the converter where its ranges are replaced anyway; black and white are the first two."""

FILE = "methods.json"
"""In the run's folder: what was measured last."""

RULE = "the smallest divergence of its calibrated probabilities from the float network's on PublicTest"


@dataclass(frozen=True)
class Source:
    """What every method starts from.

    model: trained, in float32 arithmetic. float32: its file. skeleton: an int8 file with the right operators, whose
    ranges are for somebody else to set. pictures: (N, S, S) uint8 for calibration, black and white first.
    """

    model: keras.Model
    float32: bytes
    skeleton: bytes
    pictures: np.ndarray

    @classmethod
    def of(cls, model: keras.Model, pictures: np.ndarray) -> Source:
        from quantize.converter import float_content, int8_content

        return cls(model, float_content(model), int8_content(model, pictures[:SKELETON_PICTURES]), pictures)


@dataclass(frozen=True)
class Files:
    """Both files of one network. After equalization the float one computes the same with other weights."""

    float32: bytes
    int8: bytes


Method = Callable[[Source], Files]


def by_converter(source: Source) -> Files:
    from quantize.converter import int8_content

    return Files(source.float32, int8_content(source.model, source.pictures))


def by_ai_edge_quantizer(source: Source) -> Files:
    inputs = [picture[None, ..., None].astype(np.float32) for picture in source.pictures]
    return Files(source.float32, ai_edge_content(source.float32, inputs))


def tuned(
    *, equalization: float = 0.0, clip: bool = False, last: Callable[[Tuning, np.ndarray], None] | None = None
) -> Method:
    """Ranges measured anew on the pictures, after equalization and before `last`.

    The converter alone gives the scaled pixels the range -1 to 2 instead of 0 to 2, and with it a third fewer levels.
    """

    def method(source: Source) -> Files:
        float32 = equalized(source.float32, source.pictures, equalization) if equalization else source.float32
        tuning = Tuning(float32, source.skeleton)
        extremes(tuning, source.pictures)
        if clip:
            clipped(tuning, source.pictures)
        if last:
            last(tuning, source.pictures)
        return Files(float32, tuning.content())

    return method


METHODS: dict[str, Method] = {
    "TensorFlow's converter": by_converter,
    "ai-edge-quantizer": by_ai_edge_quantizer,
    "measured ranges": tuned(),
    "clipped ranges": tuned(clip=True),
    "bias correction": tuned(last=rounding.correct_biases),
    "equalization": tuned(equalization=0.5),
    "equalization, clipped ranges": tuned(equalization=0.5, clip=True),
    "equalization, clipped ranges, bias correction": tuned(equalization=0.5, clip=True, last=rounding.correct_biases),
    "equalization, clipped ranges, selective rounding": tuned(equalization=0.5, clip=True, last=rounding.round_weights),
}
DEFAULT = "equalization, clipped ranges"


def compare_methods(source: Source, selection: FaceSet) -> list[dict[str, Any]]:
    """One line a method, the best first; JSON-ready. selection: PublicTest."""
    judge = Judge(source.float32, selection)
    lines = []
    for name, method in METHODS.items():
        try:
            lines.append({"method": name, **judge.line(method(source).int8)})
        except DataError as err:
            log.warning("%s: left out, %s", name, err)
            continue
        log.info("%(method)s: divergence %(divergence).5f, %(equal_decisions).4f equal", lines[-1])
    return sorted(lines, key=lambda line: line["divergence"])


class Judge:
    """Compares int8 files with one float file on the same labelled faces."""

    def __init__(self, float32: bytes, faces: FaceSet) -> None:
        self._faces = faces.labelled()
        self._truth = self._answers(float32)
        self._temperature = fit_temperature(self._truth, np.eye(self._truth.shape[1])[self._faces.labels])

    def line(self, int8: bytes) -> dict[str, Any]:
        """What int8 changes. divergence: Kullback and Leibler's, mean over the faces, in nats."""
        answers = self._answers(int8)
        right, other = (logits.argmax(axis=1) == self._faces.labels for logits in (self._truth, answers))
        exact, real = (probabilities(logits, self._temperature) for logits in (self._truth, answers))
        signal, noise = float((self._truth**2).sum()), float(((self._truth - answers) ** 2).sum())
        result = {
            "difference": paired_difference(right, other),
            "equal_decisions": float((self._truth.argmax(axis=1) == answers.argmax(axis=1)).mean()),
            "divergence": negative_log_likelihood(real, exact) - negative_log_likelihood(exact, exact),
            "snr_db": float(10 * np.log10(signal / max(noise, 1e-12 * signal))),
        }
        return rounded(result, 7)

    def _answers(self, content: bytes) -> np.ndarray:
        file = NetworkFile(content)
        return Observed(file, [file.steps[-1].output]).answers(self._faces.images)


def known(name: str) -> str:
    """The name itself. Raises DataError where it is none of METHODS."""
    if name not in METHODS:
        raise DataError(f"no method '{name}'; there are: {'; '.join(METHODS)}")
    return name


def write_lines(run: Path, network: str, lines: list[dict[str, Any]]) -> None:
    """network: the checksum of the trained network that was measured."""
    (run / FILE).write_text(json.dumps({"network": network, "methods": lines}, indent=2) + "\n", encoding="utf-8")


def read_lines(run: Path, network: str) -> list[dict[str, Any]]:
    """What `write_lines` wrote; none where nothing or another network was measured. Raises DataError."""
    try:
        found = json.loads((run / FILE).read_text(encoding="utf-8"))
        if found["network"] == network:
            return [{**line, "divergence": float(line["divergence"])} for line in found["methods"]]
        log.warning("%s is of another network: python -m quantize methods --run %s measures this one", run / FILE, run)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise DataError(f"{run / FILE} is damaged ({err}): delete it, or measure again with quantize methods") from err
    return []
