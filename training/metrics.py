"""How good probabilities are: plain functions of numbers, for evaluation, conversion and the float-int8 report."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from edge.emotion.labels import LABELS
from training.data import FaceSet

CALIBRATION_BINS = 15


def evaluate(probabilities: np.ndarray, faces: FaceSet) -> dict[str, Any]:
    """Everything we report about one set of faces; JSON-ready, fractions in 0..1.

    probabilities: (N, 7) in the order of LABELS. Faces whose label is none of the seven are left out.
    """
    counted = faces.labels >= 0
    probabilities, labels, votes = probabilities[counted], faces.labels[counted], faces.targets[counted]
    if not len(labels):
        raise ValueError("no face with a label to evaluate on")
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    matrix = confusion(labels, answers)
    kinds = per_class(labels, answers)
    return {
        "faces": len(labels),
        "accuracy": proportion(int(matrix.trace()), len(labels)),
        "macro_f1": float(np.mean([kind["f1"] for kind in kinds.values() if kind["faces"]])),
        "mean_recall": float(np.mean([kind["recall"] for kind in kinds.values() if kind["faces"]])),
        "per_class": kinds,
        "neutral_called_sad": _share_called(matrix, "neutral", "sad"),
        "calibration_error": calibration_error(confidence, answers == labels),
        "calibration_error_to_votes": calibration_error(confidence, votes[np.arange(len(votes)), answers]),
        "nll": negative_log_likelihood(probabilities, np.eye(len(LABELS))[labels]),
        "confusion": matrix.tolist(),
    }


def confusion(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(7, 7) counts; a row is the true label, a column the answer."""
    return confusion_matrix(labels, answers, labels=range(len(LABELS)))


def per_class(labels: np.ndarray, answers: np.ndarray) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of faces of each label; 0 where there is nothing to divide by."""
    numbers = precision_recall_fscore_support(labels, answers, labels=range(len(LABELS)), zero_division=0)
    return {
        label: {"precision": float(precision), "recall": float(recall), "f1": float(f1), "faces": int(faces)}
        for label, precision, recall, f1, faces in zip(LABELS, *numbers, strict=True)
    }


def proportion(right: int, total: int) -> dict[str, float]:
    """A share with its 95 % interval after Wilson (1927), which also holds near 0 and 1 and for small sets."""
    interval = binomtest(right, total).proportion_ci(0.95, method="wilson")
    return {"value": right / total, "low": float(interval.low), "high": float(interval.high)}


def calibration_error(confidence: np.ndarray, outcome: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017): mean distance of confidence and outcome over 15 equal bins.

    outcome: whether each answer is the crowd's majority, or which share of the crowd gives it.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=confidence - outcome, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def negative_log_likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy in nats to targets, (N, 7) distributions."""
    return float(-(targets * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1).mean())


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Exact two-sided p that two classifiers, asked about the same faces, are equally often right."""
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    return float(binomtest(only_first, only_first + only_second).pvalue) if only_first + only_second else 1.0


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
