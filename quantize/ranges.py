"""Which real numbers the integers between the layers stand for."""

from __future__ import annotations

import numpy as np

from quantize.tuning import Tuning

SAMPLES = 400
"""Values taken of each step's output a picture."""

KEPT = np.linspace(0.35, 1.0, 27)
"""Parts of the whole range that are tried."""


def extremes(tuning: Tuning, pictures: np.ndarray) -> None:
    """Set every range to the smallest and largest value over the pictures, as converters do."""
    numbers = list(range(len(tuning.steps)))
    lows, highs = np.zeros(len(numbers)), np.zeros(len(numbers))
    for values in tuning.observed_float(numbers).batches(pictures):
        lows = np.minimum(lows, [one.min() for one in values])
        highs = np.maximum(highs, [one.max() for one in values])
    tuning.ranges = list(zip(lows.tolist(), highs.tolist(), strict=True))


def clipped(tuning: Tuning, pictures: np.ndarray) -> None:
    """Narrow every range to where rounding and clipping together cost the least squared error.

    The first steps, which scale pixels, and the last, whose few values are the answer, keep theirs.
    """
    numbers = [n for n, step in enumerate(tuning.steps[:-1]) if any(k <= n for k in tuning.kernels)]
    samples: list[list[np.ndarray]] = [[] for _ in numbers]
    for values in tuning.observed_float(numbers).batches(pictures):
        for kept, one in zip(samples, values, strict=True):
            flat = one.reshape(len(one), -1)
            kept.append(flat[:, :: max(1, flat.shape[1] // SAMPLES)].ravel())
    for number, kept in zip(numbers, samples, strict=True):
        tuning.ranges[number] = _best(np.concatenate(kept), *tuning.ranges[number])


def _best(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The part of (low, high) with the smallest error."""
    candidates = [(low * part, high * part) for part in KEPT]
    return min(candidates, key=lambda ends: _error(values, *ends))


def _error(values: np.ndarray, low: float, high: float) -> float:
    step = (high - low) / 255
    rounded = np.clip(np.rint(values / step), np.rint(low / step), np.rint(high / step)) * step
    return float(((values - rounded) ** 2).sum())
