"""How good probabilities are: plain functions of numbers, for evaluation, conversion and the float-int8 report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edge.emotion.labels import LABELS
from training.data import FaceSet

CALIBRATION_BINS = 15


def evaluate(probabilities: np.ndarray, faces: FaceSet) -> dict[str, Any]:
    """Everything we report about one set of faces; JSON-ready, fractions in 0..1.

    probabilities: (N, 7) in the order of LABELS. Faces whose label is none of the seven are left out.
    """
    counted = faces.labels >= 0
    probabilities, labels = probabilities[counted], faces.labels[counted]
    if not len(labels):
        raise ValueError("no face with a label to evaluate on")
    matrix = confusion(labels, probabilities.argmax(axis=1))
    kinds = per_class(matrix)
    return {
        "faces": len(labels),
        "accuracy": proportion(int(matrix.trace()), len(labels)),
        "macro_f1": float(np.mean([kind["f1"] for kind in kinds.values() if kind["faces"]])),
        "mean_recall": float(np.mean([kind["recall"] for kind in kinds.values() if kind["faces"]])),
        "per_class": kinds,
        "neutral_called_sad": _share_called(matrix, "neutral", "sad"),
        "calibration_error": calibration_error(probabilities, labels),
        "nll": negative_log_likelihood(probabilities, np.eye(len(LABELS))[labels]),
        "confusion": matrix.tolist(),
    }


def confusion(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(7, 7) counts; a row is the true label, a column the answer."""
    matrix = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    np.add.at(matrix, (labels, answers), 1)
    return matrix


def per_class(matrix: np.ndarray) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of faces of each label; 0 where there is nothing to divide by."""
    right, true, answered = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return {
        label: {
            "precision": float(right[index] / max(1, answered[index])),
            "recall": float(right[index] / max(1, true[index])),
            "f1": float(2 * right[index] / max(1, true[index] + answered[index])),
            "faces": int(true[index]),
        }
        for index, label in enumerate(LABELS)
    }


def proportion(right: int, total: int) -> dict[str, float]:
    """A share with its 95 % interval after Wilson (1927), which also holds near 0 and 1 and for small sets."""
    z = 1.959964
    share = right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return {"value": share, "low": max(0.0, centre - half), "high": min(1.0, centre + half)}


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017): mean distance of confidence and accuracy over 15 equal bins."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def negative_log_likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy in nats to targets, (N, 7) distributions."""
    return float(-(targets * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1).mean())


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Exact two-sided p that two classifiers, asked about the same faces, are equally often right."""
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differing = only_first + only_second
    tail = sum(math.comb(differing, count) for count in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**differing)


def rounded(value: Any, digits: int = 5) -> Any:
    """The same JSON with every float rounded, so that a report's last digits do not pretend."""
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return round(value, digits) if isinstance(value, float) else value


def _share_called(matrix: np.ndarray, truth: str, answer: str) -> float:
    row = matrix[LABELS.index(truth)]
    return float(row[LABELS.index(answer)] / max(1, row.sum()))
