"""An int8 file whose ranges, weights and biases are set anew from its float file, instead of by the converter."""

from __future__ import annotations

import numpy as np

from quantize.editing import NetworkFile, Observed, Step
from training.errors import DataError

KNOWN = {"MUL", "ADD", "CONV_2D", "MEAN", "FULLY_CONNECTED"}
"""The steps of our networks. Others may have constants or ranges that depend on each other in ways unknown here."""


class Tuning:
    """What may be tuned, by the number of the step; `content` makes the file.

    ranges: smallest and largest real number of the step's output. kernels: (K, ...) real weights, a row an output
    channel. integers: the kernel as int8 numbers where they are not simply the nearest. biases: (K,) real.
    """

    def __init__(self, float_content: bytes, int8_content: bytes) -> None:
        """Raises DataError where the two are not of one network, or of one whose steps are not all KNOWN."""
        self.float, self._int8 = NetworkFile(float_content), NetworkFile(int8_content)
        names, others = ([step.name for step in file.steps] for file in (self.float, self._int8))
        if names != others or not set(names) <= KNOWN:
            raise DataError(f"this network cannot be tuned: its steps are {', '.join(sorted({*names, *others}))}")
        self.ranges = [self._int8.range(step.output) for step in self._int8.steps]
        self.kernels = {n: self.float.real(s.weights) for n, s in enumerate(self.float.steps) if s.weights is not None}
        self.biases = {n: self.float.real(s.bias) for n, s in enumerate(self.float.steps) if s.bias is not None}
        self.integers: dict[int, np.ndarray] = {}

    @property
    def steps(self) -> list[Step]:
        return self.float.steps

    def content(self, outputs: list[int] | None = None) -> bytes:
        return self._made().content(outputs)

    def observed(self, steps: list[int]) -> Observed:
        """The tuned network with the outputs of these steps readable."""
        file = self._made()
        return Observed(file, [file.steps[number].output for number in steps])

    def observed_float(self, steps: list[int]) -> Observed:
        return Observed(self.float, [self.float.steps[number].output for number in steps])

    def shape(self, number: int) -> tuple[int, ...]:
        """Of the step's output."""
        return self.float.shape(self.float.steps[number].output)

    def source(self, number: int) -> int:
        """The step whose output this one, which has a single input, takes."""
        (tensor,) = self.float.steps[number].inputs
        return next(n for n, step in enumerate(self.float.steps) if step.output == tensor)

    def _made(self) -> NetworkFile:
        file = self._int8
        for step, (low, high) in zip(file.steps, self.ranges, strict=True):
            file.set_range(step.output, low, high)
        for number, kernel in self.kernels.items():
            step = file.steps[number]
            steps = kernel_steps(kernel)
            integers = self.integers.get(number)
            if integers is None:
                integers = np.rint(kernel / _along_rows(steps, kernel))
            file.set_constant(step.weights, integers.astype(np.int8), steps)
            if number in self.biases:
                unit = np.float64(file.scale(step.inputs[0])) * steps
                file.set_constant(step.bias, np.rint(self.biases[number] / unit).astype(np.int32), unit)
        return file


def kernel_steps(kernel: np.ndarray) -> np.ndarray:
    """(K,) float32, the distance of two neighbouring int8 weights, a number an output channel."""
    largest = np.abs(kernel.reshape(len(kernel), -1)).max(axis=1)
    return np.maximum(largest, 1e-9).astype(np.float32) / np.float32(127)


def _along_rows(numbers: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return numbers.reshape(-1, *[1] * (kernel.ndim - 1))
