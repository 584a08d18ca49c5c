"""Layer by layer: what the integers' error is beside the signal, and whether two files hold the same network."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from quantize.operators import CONVERSIONS, Operator, operators

SAME_WEIGHTS = 0.9
"""Correlation of two files' weights: above 0.999 after rounding to int8, near 0 for another training."""


@dataclass(frozen=True)
class Layer:
    """One operator's output. snr_db: power of the float signal over that of the int8 error that has arrived there;
    None where there is no signal or no error.
    """

    number: int
    operator: str
    shape: tuple[int, ...]
    snr_db: float | None


def corresponding(float_content: bytes, int8_content: bytes) -> list[tuple[Operator, Operator]]:
    """The operators of both files in pairs; none where the two graphs differ in more than conversions of numbers."""
    one, other = (
        [operator for operator in operators(content) if operator.name not in CONVERSIONS]
        for content in (float_content, int8_content)
    )
    same = [(a.name, a.shape) for a in one] == [(b.name, b.shape) for b in other]
    return list(zip(one, other, strict=True)) if same else []


def weight_correlation(pairs: list[tuple[Operator, Operator]]) -> float | None:
    """Mean over the layers with weights; None where none can be compared."""
    found = []
    for one, other in pairs:
        if one.weights is not None and other.weights is not None and one.weights.shape == other.weights.shape:
            product = float((one.weights * other.weights).sum())
            lengths = float(np.linalg.norm(one.weights) * np.linalg.norm(other.weights))
            found.append(product / lengths if lengths else 1.0)
    return float(np.mean(found)) if found else None


def layers(float_content: bytes, int8_content: bytes, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[Layer]:
    """In the order of execution; none where the graphs differ. batches: the same picture for the one and the other."""
    pairs = corresponding(float_content, int8_content)
    if not pairs:
        return []
    one, other = _Transparent(float_content), _Transparent(int8_content)
    signal, noise = np.zeros(len(pairs)), np.zeros(len(pairs))
    for batch in batches:
        one.run(batch[0])
        other.run(batch[1])
        for number, (a, b) in enumerate(pairs):
            real = one.real(a.output)
            signal[number] += float((real**2).sum())
            noise[number] += float(((real - other.real(b.output)) ** 2).sum())
    return [
        Layer(number + 1, operator.name, operator.shape[1:], _decibel(signal[number], noise[number]))
        for number, (operator, _) in enumerate(pairs)
    ]


class _Transparent:
    """An interpreter that keeps every tensor between the layers; XNNPACK would not."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        details = self._interpreter.get_tensor_details()
        self._quantization = {one["index"]: one["quantization"] for one in details}

    def run(self, batch: np.ndarray) -> None:
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()

    def real(self, tensor: int) -> np.ndarray:
        """The values of a tensor, by its number, as real numbers."""
        values = self._interpreter.get_tensor(tensor).astype(np.float64)
        scale, zero_point = self._quantization[tensor]
        return (values - zero_point) * scale if scale else values


def _decibel(signal: float, noise: float) -> float | None:
    return 10 * math.log10(signal / noise) if signal and noise else None
