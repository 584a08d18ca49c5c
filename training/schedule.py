"""The learning rate over a run."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("emotion_edge")
class Cosines(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up, a cosine down to zero, and a second, shorter one from a lower peak.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017). All lengths in steps.
    """

    def __init__(self, peak: float, warmup: int, first: int, second_peak: float, second: int) -> None:
        self.knobs = {"peak": peak, "warmup": warmup, "first": first, "second_peak": second_peak, "second": second}

    def __call__(self, step: Any) -> Any:
        """The rate of a step, counted from 0; a scalar tensor."""
        knobs, step = self.knobs, ops.cast(step, "float32")
        begin, end = knobs["warmup"], knobs["warmup"] + knobs["first"]
        rising = knobs["peak"] * step / max(1, begin)
        falling = knobs["peak"] * _half_cosine((step - begin) / max(1, knobs["first"]))
        again = knobs["second_peak"] * _half_cosine((step - end) / max(1, knobs["second"]))
        return ops.where(step < begin, rising, ops.where(step < end, falling, again))

    def get_config(self) -> dict[str, Any]:
        return dict(self.knobs)


def _half_cosine(part: Any) -> Any:
    """1 at 0, 0 at 1 and after."""
    return 0.5 * (1 + ops.cos(math.pi * ops.clip(part, 0.0, 1.0)))
