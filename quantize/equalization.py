"""Channels of one tensor brought to like ranges: a float network that computes the same and loses less as integers.

ReLU passes a positive factor through: what the layer before divides a channel by, the layer after multiplies it by.
Nagel et al., "Data-free quantization through weight equalization and bias correction" (2019); here over whole residual
stages, whose additions tie many layers to the same factors, and by ranges measured on the calibration pictures.
"""

from __future__ import annotations

import numpy as np

from quantize.editing import NetworkFile, Observed

LINEAR = {"ADD", "CONV_2D", "MEAN", "FULLY_CONNECTED"}
RELU_OR_NONE = (0, 1)
"""The schema's codes."""

FAINTEST = 0.02
"""Of a group's loudest channel: one that is hardly ever on would be blown up to noise."""


def equalized(content: bytes, pictures: np.ndarray, strength: float) -> bytes:
    """content: a float32 file. strength: 0 leaves all as it is, 1 makes the ranges of a tensor's channels alike."""
    file = NetworkFile(content)
    groups = channel_groups(file)
    ranges = _channel_ranges(file, groups, pictures)
    for group, largest in zip(groups, ranges, strict=True):
        factors = np.maximum(largest / max(largest.max(), 1e-9), FAINTEST) ** strength
        for step in file.steps:
            if step.weights is None:
                continue
            kernel = file.real(step.weights)
            if step.output in group:
                kernel = kernel / factors.reshape(-1, *[1] * (kernel.ndim - 1))
                if step.bias is not None:
                    file.set_constant(step.bias, (file.real(step.bias) / factors).astype(np.float32))
            if step.inputs[0] in group:
                kernel = kernel * factors
            file.set_constant(step.weights, kernel.astype(np.float32))
    return file.content()


def channel_groups(file: NetworkFile) -> list[set[int]]:
    """Sets of tensors whose channels must keep common factors; those that may not change are left out."""
    group_of: dict[int, set[int]] = {}
    fixed: set[int] = {file.steps[-1].output}
    for step in file.steps:
        group_of[step.output] = {step.output}
    for step in file.steps:
        relu = getattr(step.options, "fusedActivationFunction", 0) in RELU_OR_NONE
        if step.weights is None:
            tied = [tensor for tensor in (*step.inputs, step.output) if tensor in group_of]
            whole = set().union(*(group_of[tensor] for tensor in tied))
            for tensor in whole:
                group_of[tensor] = whole
        if step.name not in LINEAR or not relu or (step.name == "ADD" and len(step.inputs) < 2):
            fixed.add(step.output)
    unique = {id(group): group for group in group_of.values()}
    return [group for group in unique.values() if not group & fixed]


def _channel_ranges(file: NetworkFile, groups: list[set[int]], pictures: np.ndarray) -> list[np.ndarray]:
    """(C,) by group: the largest absolute value of each channel over its tensors and the pictures."""
    tensors = [tensor for group in groups for tensor in sorted(group)]
    largest = [np.zeros(file.shape(tensor)[-1]) for tensor in tensors]
    for values in Observed(file, tensors).batches(pictures):
        largest = [
            np.maximum(old, np.abs(new).reshape(-1, len(old)).max(axis=0))
            for old, new in zip(largest, values, strict=True)
        ]
    by_tensor = dict(zip(tensors, largest, strict=True))
    return [np.max([by_tensor[tensor] for tensor in group], axis=0) for group in groups]
