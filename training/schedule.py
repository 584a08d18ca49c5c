"""The learning rate over a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("emotion_edge")
class Cosines(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up, then one cosine down to zero after the other, each from its own peak.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    warmup: in steps. cycles: (peak, steps) of each cosine; the warm-up rises to the first peak.
    """

    def __init__(self, warmup: int, cycles: Sequence[tuple[float, int]]) -> None:
        self.warmup, self.cycles = warmup, [(peak, steps) for peak, steps in cycles]

    def __call__(self, step: Any) -> Any:
        """The rate of a step, counted from 0; a scalar tensor."""
        step = ops.cast(step, "float32")
        rate, begin = self.cycles[0][0] * step / max(1, self.warmup), self.warmup
        for peak, steps in self.cycles:
            rate = ops.where(step < begin, rate, peak * _half_cosine((step - begin) / max(1, steps)))
            begin += steps
        return rate

    def get_config(self) -> dict[str, Any]:
        return {"warmup": self.warmup, "cycles": self.cycles}


def _half_cosine(part: Any) -> Any:
    """1 at 0, 0 at 1 and after."""
    return 0.5 * (1 + ops.cos(math.pi * ops.clip(part, 0.0, 1.0)))
