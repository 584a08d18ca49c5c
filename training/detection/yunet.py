"""YuNet in PyTorch: what `python -m training.detection.sturdy` trains.

Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector" (2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training.detection.network import STRIDES
from training.detection.weights import Convolution

LOGITS, BOX, POINTS = slice(0, 2), slice(2, 6), slice(6, 16)
"""Of a cell's answers: of a face and of how well its box fits; its box; its points."""


class YuNet(nn.Module):
    """(N, 3, H, W) BGR pixels 0..255, sides multiples of 32, to (N, cells, 16) answers, stride after stride."""

    def __init__(self, weights: Sequence[Convolution]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(_layer(number, *pair) for number, pair in enumerate(weights))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        left = iter(self.convolutions)
        x = _units(left, functional.relu(next(left)(pictures)), 1)
        levels = [_units(left, _halved(_units(left, _halved(x), 4)), 2)]
        for _ in STRIDES[1:]:
            levels.append(_units(left, _halved(levels[-1]), 2))
        features = [_units(left, levels.pop(), 1)]
        for level in reversed(levels):
            features.insert(0, _units(left, level + functional.interpolate(features[0], scale_factor=2), 1))
        scores, boxes, fits, points = ([_unit(left, feature) for feature in features] for _ in range(4))
        answers = [torch.cat(parts, dim=1) for parts in zip(scores, fits, boxes, points, strict=True)]
        return torch.cat([answer.flatten(2).transpose(1, 2) for answer in answers], dim=1)

    def weights(self) -> list[Convolution]:
        return [
            (layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in self.convolutions
        ]


def _layer(number: int, kernel: np.ndarray, bias: np.ndarray) -> nn.Conv2d:
    channels, taken, size, _ = kernel.shape
    depthwise = taken == 1
    layer = nn.Conv2d(
        channels if depthwise else taken,
        channels,
        size,
        stride=2 if number == 0 else 1,
        padding=size // 2,
        groups=channels if depthwise else 1,
    )
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernel.copy()))
        layer.bias.copy_(torch.from_numpy(bias.copy()))
    return layer


def _unit(left: Iterator[nn.Module], x: torch.Tensor) -> torch.Tensor:
    """A convolution of single pixels and a depthwise one, nothing between."""
    x = next(left)(x)
    return next(left)(x)


def _units(left: Iterator[nn.Module], x: torch.Tensor, count: int) -> torch.Tensor:
    for _ in range(count):
        x = functional.relu(_unit(left, x))
    return x


def _halved(x: torch.Tensor) -> torch.Tensor:
    return functional.max_pool2d(x, 2)
