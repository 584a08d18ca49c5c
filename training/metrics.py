"""How good probabilities are: plain functions of numbers, for evaluation, conversion and the float-int8 report."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from edge.emotion.labels import LABELS
from training.data import FaceSet

CALIBRATION_BINS = 15


def evaluate(probabilities: np.ndarray, faces: FaceSet, names: tuple[str, ...] = LABELS) -> dict[str, Any]:
    """Everything we report about one set of faces; JSON-ready, fractions in 0..1.

    probabilities: (N, K) in the order of the K names. Faces whose label is none of them are left out.
    """
    counted = faces.labels >= 0
    probabilities, labels, votes = probabilities[counted], faces.labels[counted], faces.targets[counted]
    if not len(labels):
        raise ValueError("no face with a label to evaluate on")
    answers, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    matrix = confusion(labels, answers, names)
    kinds = per_class(labels, answers, names)
    result = {
        "faces": len(labels),
        "accuracy": proportion(int(matrix.trace()), len(labels)),
        "macro_f1": float(np.mean([kind["f1"] for kind in kinds.values() if kind["faces"]])),
        "mean_recall": float(np.mean([kind["recall"] for kind in kinds.values() if kind["faces"]])),
        "per_class": kinds,
        "calibration_error": calibration_error(confidence, answers == labels),
        "calibration_error_to_votes": calibration_error(confidence, votes[np.arange(len(votes)), answers]),
        "nll": negative_log_likelihood(probabilities, np.eye(len(names))[labels]),
        "confusion": matrix.tolist(),
    }
    if names == LABELS:
        result["neutral_called_sad"] = _share_called(matrix, "neutral", "sad")
    return result


def confusion(labels: np.ndarray, answers: np.ndarray, names: tuple[str, ...] = LABELS) -> np.ndarray:
    """(K, K) counts; a row is the true label, a column the answer."""
    return confusion_matrix(labels, answers, labels=range(len(names)))


def per_class(labels: np.ndarray, answers: np.ndarray, names: tuple[str, ...] = LABELS) -> dict[str, dict[str, Any]]:
    """Precision, recall, its interval, F1 and number of faces of each label; 0 where there is nothing to divide by.

    The interval of a label without a face is None.
    """
    numbers = precision_recall_fscore_support(labels, answers, labels=range(len(names)), zero_division=0)
    return {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "recall_interval": proportion(round(recall * faces), int(faces)) if faces else None,
            "f1": float(f1),
            "faces": int(faces),
        }
        for label, precision, recall, f1, faces in zip(names, *numbers, strict=True)
    }


def proportion(right: int, total: int) -> dict[str, float]:
    """A share with its 95 % interval after Wilson (1927), which also holds near 0 and 1 and for small sets."""
    interval = binomtest(right, total).proportion_ci(0.95, method="wilson")
    return {"value": right / total, "low": float(interval.low), "high": float(interval.high)}


def calibration_error(confidence: np.ndarray, outcome: np.ndarray) -> float:
    """Expected calibration error (Guo et al. 2017): mean distance of confidence and outcome over 15 equal bins.

    outcome: whether each answer is the crowd's majority, or which share of the crowd gives it.
    """
    gaps = np.bincount(_bins(confidence), weights=confidence - outcome, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def reliability(confidence: np.ndarray, outcome: np.ndarray) -> list[dict[str, float]]:
    """The bins of `calibration_error` that hold faces: mean confidence, mean outcome, number of faces."""
    bins = _bins(confidence)
    result = []
    for number in np.unique(bins):
        inside = bins == number
        means = {"confidence": float(confidence[inside].mean()), "outcome": float(outcome[inside].mean())}
        result.append({**means, "faces": int(inside.sum())})
    return result


def risk_coverage(confidence: np.ndarray, right: np.ndarray, points: int = 50) -> list[dict[str, float]]:
    """The share of wrong answers among the surest share of all (El-Yaniv and Wiener 2010), at so many shares."""
    wrong = ~right[np.argsort(-confidence, kind="stable")]
    risk = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    taken = np.unique(np.ceil(np.linspace(0, len(wrong), points + 1)[1:]).astype(int))
    return [{"coverage": float(count / len(wrong)), "risk": float(risk[count - 1])} for count in taken]


def negative_log_likelihood(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy in nats to targets, (N, 7) distributions."""
    return float(-(targets * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1).mean())


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Exact two-sided p that two classifiers, asked about the same faces, are equally often right."""
    only_first, only_second = one_sided(first_right, second_right)
    return float(binomtest(only_first, only_first + only_second).pvalue) if only_first + only_second else 1.0


def one_sided(first_right: np.ndarray, second_right: np.ndarray) -> tuple[int, int]:
    """How many faces only the first classifier has right, and how many only the second."""
    return int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())


def paired_difference(first_right: np.ndarray, second_right: np.ndarray) -> dict[str, float]:
    """The second's accuracy less the first's on the same faces, with the 95 % interval of Bonett and Price (2012)."""
    only_first, only_second = one_sided(first_right, second_right)
    count = len(first_right)
    one, other = (only_first + 1) / (count + 2), (only_second + 1) / (count + 2)
    half = norm.ppf(0.975) * math.sqrt((one + other - (other - one) ** 2) / (count + 2))
    value = (only_second - only_first) / count
    return {"value": value, "low": max(-1.0, other - one - half), "high": min(1.0, other - one + half)}


def rounded(value: Any, digits: int = 5) -> Any:
    """The same JSON with every float rounded, so that a report's last digits do not pretend."""
    if isinstance(value, dict):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return round(value, digits) if isinstance(value, float) else value


def _bins(confidence: np.ndarray) -> np.ndarray:
    return np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)


def _share_called(matrix: np.ndarray, truth: str, answer: str) -> float | None:
    """None where no face shows the first."""
    row = matrix[LABELS.index(truth)]
    return float(row[LABELS.index(answer)] / row.sum()) if row.sum() else None
