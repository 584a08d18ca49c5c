"""Float against int8: what quantization cost, measured picture by picture through the classifier the device runs.

`compare` measures; `quantize.verdict` puts it into words, `quantize.page` and `quantize.markdown` into pages.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge.emotion import boards
from edge.emotion.classifier import probabilities
from quantize import latency
from quantize.layers import corresponding, layers, weight_correlation
from quantize.operators import operators
from quantize.pair import Pair, Subject
from training.confidence import fit_temperature
from training.corruptions import CORRUPTIONS, corrupted
from training.data import FaceSet
from training.errors import DataError
from training.evaluate import Show, progress
from training.metrics import (
    calibration_error,
    confusion,
    evaluate,
    mcnemar,
    one_sided,
    paired_difference,
    proportion,
    reliability,
    risk_coverage,
    rounded,
)

CORRUPTED_SIDE = 48
"""Corruptions are defined on grey pictures whose side is a multiple of this."""

PICTURES_FOR_LAYERS = 32


@dataclass(frozen=True)
class Question:
    """What both files are asked. name: of the model. split: where the pictures come from, in words."""

    name: str
    split: str
    pictures: FaceSet
    labels: tuple[str, ...]
    limit_points: float
    """Percentage points of accuracy that int8 may lose."""
    others: dict[str, FaceSet] = field(default_factory=dict)
    """Further pictures by name, on which only the decisions are compared."""


def compare(pair: Pair, question: Question) -> dict[str, Any]:
    """Every number of the report, JSON-ready. Shows its progress on a terminal. Raises DataError, ModelError."""
    pictures = question.pictures
    kinds = tuple(CORRUPTIONS) if _can_be_corrupted(pictures) else ()
    with progress(4 + 2 * len(kinds)) as show:
        logits = {name: _logits(subject, pictures.images, show) for name, subject in pair.each().items()}
        right = {name: answer.argmax(axis=1) == pictures.labels for name, answer in logits.items()}
        check_label_order(logits["float"].argmax(axis=1), pictures.labels, question.labels)
        result = _summary(question, logits, right)
        for name, subject in pair.each().items():
            result[name] = _one(subject, logits[name], question)
        for kind in kinds:
            spoilt = corrupted(pictures.images, kind)
            for name, subject in pair.each().items():
                answers = _logits(subject, spoilt, show).argmax(axis=1)
                result[name].setdefault("corruptions", {})[kind] = float((answers == pictures.labels).mean())
        result["others"] = {name: _decisions(pair, faces) for name, faces in question.others.items()}
        result |= _inside(pair, pictures.images[:PICTURES_FOR_LAYERS])
        show(1)
        result["latency"] = latency.measured({name: subject.content for name, subject in pair.each().items()})
        show(1)
    result["sha256"] = result["int8"]["sha256"]
    result["machine"] = latency.machine()
    result["boards"] = boards.estimated(result["multiply_accumulates"])
    return rounded(result)


def check_label_order(answers: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> None:
    """Raises DataError where the float network is right only if its answers had other names."""
    matrix = confusion(labels, answers, names)
    truths, columns = linear_sum_assignment(-matrix)
    best, now = matrix[truths, columns].sum() / matrix.sum(), matrix.trace() / matrix.sum()
    if best >= 0.5 and now <= best / 2:
        order = ",".join(names[truth] for truth in truths[np.argsort(columns)])
        raise DataError(
            f"the labels seem to be in another order: the float network is right in {100 * now:.0f} % of the pictures, "
            f"with --labels {order} it would be in {100 * best:.0f} %"
        )


def _decisions(pair: Pair, pictures: FaceSet) -> dict[str, Any]:
    """Both files on further pictures: accuracy and what is equal."""
    logits = {name: _logits(subject, pictures.images) for name, subject in pair.each().items()}
    right = {name: answer.argmax(axis=1) == pictures.labels for name, answer in logits.items()}
    accuracy = {name: proportion(int(each.sum()), len(each)) for name, each in right.items()}
    return {"faces": len(pictures), "accuracy": accuracy, **_paired(logits, right)}


def _paired(logits: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> dict[str, Any]:
    only_float, only_int8 = one_sided(right["float"], right["int8"])
    return {
        "difference": paired_difference(right["float"], right["int8"]),
        "equal_decisions": float((logits["float"].argmax(axis=1) == logits["int8"].argmax(axis=1)).mean()),
        "mcnemar_p": mcnemar(right["float"], right["int8"]),
        "only_float_right": only_float,
        "only_int8_right": only_int8,
    }


def _summary(question: Question, logits: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> dict[str, Any]:
    paired = _paired(logits, right)
    lost = -100 * paired["difference"]["value"]
    return {
        "name": question.name,
        "split": question.split,
        "labels": list(question.labels),
        "faces": len(question.pictures),
        "lost_points": lost,
        "limit_points": question.limit_points,
        "within_limit": bool(lost <= question.limit_points),
        **paired,
    }


def _one(subject: Subject, logits: np.ndarray, question: Question) -> dict[str, Any]:
    """What is said of each file alone."""
    pictures = question.pictures
    # A file without a card gets its temperature from every second picture: one number, so that this flatters little.
    temperature = subject.temperature or fit_temperature(logits[::2], pictures.targets[::2])
    calibrated = probabilities(logits, temperature)
    raw = probabilities(logits if subject.bias is None else logits - subject.bias, 1.0)
    right, right_before = (answers.argmax(axis=1) == pictures.labels for answers in (logits, raw))
    return {
        "file": subject.file.name,
        "sha256": hashlib.sha256(subject.content).hexdigest(),
        "size_bytes": len(subject.content),
        "temperature": temperature,
        "has_bias": subject.bias is not None and bool(subject.bias.any()),
        "temperature_from": "card" if subject.temperature else "every second picture",
        **evaluate(calibrated, pictures, question.labels),
        "calibration_error_before": calibration_error(raw.max(axis=1), right_before),
        "reliability_before": reliability(raw.max(axis=1), right_before),
        "reliability": reliability(calibrated.max(axis=1), right),
        "risk_coverage": risk_coverage(calibrated.max(axis=1), right),
    }


def _inside(pair: Pair, images: np.ndarray) -> dict[str, Any]:
    """What is found in the files: operators, work, and the error layer by layer."""

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for image in images:
            yield pair.float.batch(image), pair.int8.batch(image)

    found = operators(pair.int8.content)
    measured = layers(pair.float.content, pair.int8.content, batches())
    return {
        "operators": dict(Counter(operator.name for operator in found)),
        "float_operators": sum(operator.floats for operator in found),
        "multiply_accumulates": sum(operator.multiply_accumulates for operator in found),
        "weight_correlation": weight_correlation(corresponding(pair.float.content, pair.int8.content)),
        "layers": [
            {"number": layer.number, "operator": layer.operator, "shape": list(layer.shape), "snr_db": layer.snr_db}
            for layer in measured
        ],
    }


def _logits(subject: Subject, images: np.ndarray, show: Show | None = None) -> np.ndarray:
    answers = []
    for image in images:
        answers.append(subject.logits(image))
        if show:
            show(1 / len(images))
    return np.stack(answers)


def _can_be_corrupted(pictures: FaceSet) -> bool:
    shape = pictures.images.shape[1:]
    return len(shape) == 2 and shape[0] == shape[1] and shape[0] % CORRUPTED_SIDE == 0
