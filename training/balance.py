"""Two ways to make rare emotions count: a class-balanced loss, and the logit-adjusted loss of Menon et al. (2021).

Both are brought about outside of the loss function, so that every learner has them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from training.data import FaceSet


def class_weights(rates: np.ndarray, exponent: float) -> np.ndarray:
    """(7,) what an emotion counts: its base rate to the power -exponent, 1 on average over the faces.

    An emotion that does not occur counts nothing.
    """
    weights = np.zeros_like(rates)
    weights[rates > 0] = rates[rates > 0] ** -exponent
    return weights / (weights * rates).sum()


def weighted(faces: FaceSet, weights: np.ndarray) -> FaceSet:
    """Faces on which plain cross-entropy expects what weighted cross-entropy expects on these.

    -sum w t log p is s times -sum (w t / s) log p, where s = sum w t: so the targets become w t / s, and a face is
    seen s times as often. The base rates of the result are those that a network trained on it has learnt.
    """
    targets = faces.targets * weights
    seen = targets.sum(axis=1)
    repeats = seen if faces.repeats is None else seen * faces.repeats
    return replace(faces, targets=(targets / seen[:, None]).astype(np.float32), repeats=repeats)


def reweighted(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What somebody with these probabilities would say where emotions occur `weights` times as often."""
    result = probabilities * weights
    return result / result.sum(axis=1, keepdims=True)


def logit_adjusted(network: Callable[..., keras.Model], rates: np.ndarray, tau: float) -> Callable[..., keras.Model]:
    """The network, begun with tau * log(base rate) in the bias of its logits.

    The logit-adjusted loss is cross-entropy of f + tau log(rate), and f alone answers at the end. Our last layer has a
    bias that does not decay, so the sum is again such a network: to train f with that loss and to train the sum with
    cross-entropy from this bias are the same step by step (tests/test_balance.py). The device takes the rates off
    again where its setting `base_rates` says "balanced", so the sum is what is kept.
    """
    offset = tau * np.log(np.maximum(rates, 1e-6))

    def made(**options: object) -> keras.Model:
        model = network(**options)
        kernel, bias = model.layers[-1].get_weights()
        model.layers[-1].set_weights([kernel, bias + offset])
        return model

    made.__name__ = str(getattr(network, "func", network).__name__)
    return made
