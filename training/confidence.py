"""How sure a network may be: temperature and bias of its softmax, the confidence below which it says "uncertain"."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from edge.emotion.classifier import probabilities
from training.metrics import negative_log_likelihood

ACCEPTED_ACCURACY = 0.90

LOG_TEMPERATURES = (math.log(0.05), math.log(20))
"""An untrained network's would go on for ever."""

MOST_BIAS = 5.0
BIAS_EXPECTED = 0.5
"""Standard deviation of a label's bias before any face is seen, in nats."""

RATES_EXPECTED = 0.1
"""The same of the logarithm of a label's base rate."""


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature whose probabilities fit the targets best, in cross-entropy; rounded to four decimals.

    logits: (N, 7). targets: (N, 7) distributions. Guo et al., "On calibration of modern neural networks" (2017).
    """

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(probabilities(logits, math.exp(log_temperature)), targets)

    best = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded", options={"xatol": 1e-5})
    return round(math.exp(best.x), 4)


def fit_calibration(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Temperature and (7,) bias whose probabilities softmax(logits / temperature + bias) fit the targets best.

    In cross-entropy, and rounded to four decimals. logits: (N, 7). targets: (N, 7) distributions. The bias is expected
    to be within BIAS_EXPECTED of 0: a few faces do not move it far. Alexandari et al. (2020), "bias-corrected
    temperature scaling".
    """
    doubt = 1 / (2 * BIAS_EXPECTED**2 * len(logits))

    def loss(knobs: np.ndarray) -> float:
        answers = probabilities(logits, math.exp(knobs[0]), knobs[1:])
        return negative_log_likelihood(answers, targets) + doubt * float(np.square(knobs[1:]).sum())

    start = np.zeros(1 + logits.shape[1])
    start[0] = math.log(fit_temperature(logits, targets))
    within = [LOG_TEMPERATURES, *[(-MOST_BIAS, MOST_BIAS)] * logits.shape[1]]
    best = minimize(loss, start, method="L-BFGS-B", bounds=within, options={"ftol": 1e-13, "gtol": 1e-8}).x
    return round(math.exp(best[0]), 4), best[1:].round(4)


def fit_base_rates(logits: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """(7,) shares that sum to 1 and that `balanced` divides out: p(c) becomes (p(c) / rate(c)) ** (1 / temperature).

    They are the shares of votes that the network expects of these faces, moved a little towards what makes the
    probabilities fit best, in cross-entropy, when all emotions count alike: with a few dozen faces of some, no further.
    logits: (N, 7). labels: (N,). An emotion that none of the faces shows keeps its share.
    """
    expected = np.log(probabilities(logits, 1.0).mean(axis=0).clip(min=1e-6))
    faces = np.bincount(labels, minlength=logits.shape[1])
    weights = (1 / (np.maximum(faces, 1) * np.count_nonzero(faces)))[labels]
    doubt = logits.shape[1] / (2 * RATES_EXPECTED**2 * len(logits))
    own = np.arange(len(labels)), labels

    def loss(moves: np.ndarray) -> float:
        answers = probabilities((logits - expected - moves) / temperature, 1.0)[own]
        return -float(weights @ np.log(answers.clip(min=1e-12))) + doubt * float(np.square(moves).sum())

    rates = np.exp(expected + minimize(loss, np.zeros(logits.shape[1]), method="L-BFGS-B").x)
    return (rates / rates.sum()).round(6)


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
