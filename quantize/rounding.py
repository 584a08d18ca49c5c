"""Weights rounded up or down so that the layer's answer, not each weight, is as near as can be; and biases corrected.

Layer by layer in the order of execution, each seeing what the integer layers before it really deliver. Weights are
rounded one input at a time, the error of each made up for by those still to come (Frantar et al., "GPTQ", 2022).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky

from quantize.editing import Step
from quantize.tuning import Tuning, kernel_steps

ROWS = 12_000
"""Patches of a layer's input that are looked at."""

RIDGE = 0.02
"""Added to the patches' variances, as a part of their mean: keeps rarely seen inputs from deciding."""


def correct_biases(tuning: Tuning, pictures: np.ndarray) -> None:
    """Add to every bias what its layer answers too little on average, for the inputs it really gets."""
    for number in tuning.biases:
        exact, real = _patches(tuning, number, pictures)
        kernel, rounded = tuning.kernels[number].reshape(len(tuning.kernels[number]), -1), _rounded(tuning, number)
        tuning.biases[number] = tuning.biases[number] + kernel @ exact.mean(axis=0) - rounded @ real.mean(axis=0)


def round_weights(tuning: Tuning, pictures: np.ndarray) -> None:
    """Choose the integers of every kernel and the bias that goes with them."""
    for number in tuning.biases:
        exact, real = _patches(tuning, number, pictures)
        shape = tuning.kernels[number].shape
        kernel = tuning.kernels[number].reshape(shape[0], -1).astype(np.float64)
        steps = kernel_steps(tuning.kernels[number]).astype(np.float64)
        mean = real.mean(axis=0)
        centred = (real - mean).astype(np.float64)
        covariance = centred.T @ centred / len(centred)
        tuning.integers[number] = _compensated(kernel / steps[:, None], covariance).reshape(shape)
        rounded = tuning.integers[number].reshape(shape[0], -1) * steps[:, None]
        tuning.biases[number] = tuning.biases[number] + kernel @ exact.mean(axis=0) - rounded @ mean


def _compensated(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """weights: (K, I) in steps. covariance: (I, I) of the inputs. Returns whole numbers from -127 to 127."""
    damped = covariance + RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    factor = cholesky(np.linalg.inv(damped))  # upper triangular
    left, result = weights.copy(), np.empty_like(weights)
    for column in range(weights.shape[1]):
        result[:, column] = np.clip(np.rint(left[:, column]), -127, 127)
        error = (left[:, column] - result[:, column]) / factor[column, column]
        left[:, column + 1 :] -= error[:, None] * factor[column, column + 1 :]
    return result


def _rounded(tuning: Tuning, number: int) -> np.ndarray:
    """(K, I) the kernel's integers as real numbers."""
    kernel = tuning.kernels[number].reshape(len(tuning.kernels[number]), -1)
    steps = kernel_steps(kernel)[:, None]
    integers = tuning.integers.get(number)
    return (np.rint(kernel / steps) if integers is None else integers.reshape(kernel.shape)) * steps


def _patches(tuning: Tuning, number: int, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, I) what the layer's kernel lies on, the same places in the float and in the integer network."""
    step, source = tuning.steps[number], tuning.source(number)
    size = tuning.kernels[number].shape
    random = np.random.default_rng(number)
    height, width = tuning.shape(number)[1:3] if len(size) == 4 else (1, 1)
    places = random.random((height, width)) < ROWS / (len(pictures) * height * width)
    places.flat[random.integers(places.size)] = True
    both = []
    for network in (tuning.observed_float([source]), tuning.observed([source])):
        both.append(np.concatenate([_unfolded(values, step, size, places) for (values,) in network.batches(pictures)]))
    return both[0], both[1]


def _unfolded(values: np.ndarray, step: Step, size: tuple[int, ...], places: np.ndarray) -> np.ndarray:
    """values: (B, H, W, C) or (B, C). Returns (B * places, I), I in the order of a kernel's row."""
    if len(size) == 2:
        return values.reshape(len(values), -1)
    stride, (rows, columns) = step.options.strideH, size[1:3]
    padded = np.pad(
        values,
        ((0, 0), *(_padding(n, k, stride) for n, k in zip(values.shape[1:3], (rows, columns), strict=True)), (0, 0)),
    )
    windows = np.lib.stride_tricks.sliding_window_view(padded, (rows, columns), axis=(1, 2))
    seen = windows[:, ::stride, ::stride][:, places]  # (B, places, C, rows, columns)
    return seen.transpose(0, 1, 3, 4, 2).reshape(-1, rows * columns * values.shape[3])


def _padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and behind, as TensorFlow's "same" has them."""
    whole = max(0, (-(-length // stride) - 1) * stride + kernel - length)
    return whole // 2, whole - whole // 2
