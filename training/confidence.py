"""How sure a network may be: the temperature of its softmax, and the confidence below which it says "uncertain"."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from edge.emotion.classifier import probabilities
from training.metrics import negative_log_likelihood

ACCEPTED_ACCURACY = 0.90


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature whose probabilities fit the targets best, in cross-entropy; rounded to four decimals.

    logits: (N, 7). targets: (N, 7) distributions. Guo et al., "On calibration of modern neural networks" (2017).
    """

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(probabilities(logits, math.exp(log_temperature)), targets)

    best = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded", options={"xatol": 1e-5})
    return round(math.exp(best.x), 4)


@dataclass(frozen=True)
class Threshold:
    """Faces at or above `confidence` are accepted. coverage: their share of all; accuracy: the share of them right."""

    confidence: float
    coverage: float
    accuracy: float


def accept_above(confidence: np.ndarray, right: np.ndarray, wanted: float = ACCEPTED_ACCURACY) -> Threshold:
    """The lowest threshold, in steps of 0.001, at which the accepted faces are right as often as wanted.

    confidence: (N,) of the likeliest label. right: (N,) bool. Where no threshold reaches it: 1.0, accepting nothing.
    """
    for step in range(1001):
        accepted = confidence >= step / 1000
        if not accepted.any():
            break
        if right[accepted].mean() >= wanted:
            return Threshold(step / 1000, float(accepted.mean()), float(right[accepted].mean()))
    return Threshold(1.0, 0.0, 0.0)
