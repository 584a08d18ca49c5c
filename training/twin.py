"""A Keras network as PyTorch modules: the same numbers, and on a CPU about half of Keras's time for a training step.

Where there is a GPU it runs there; in bfloat16 where the hardware is fast at it and the layer bears it. Keras stays the
one description of a network and the format it is kept in; PyTorch only does the arithmetic of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
from keras import layers
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.hardware import has_fast_bfloat16
from training.recipe import Recipe
from training.task import Loss

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Twin(nn.Module):
    """Computes what a functional Keras model of plain layers does, from (N, 1, H, W) float32 pixels to logits.

    Raises TypeError for a layer it does not know.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.parts = nn.ModuleList()
        self.inputs_of: list[list[int]] = []
        """By part: which values it takes; 0 is the picture, k the output of part k - 1."""
        place = {id(model.inputs[0]): 0}
        for layer in model.layers:
            if isinstance(layer, layers.InputLayer):
                continue
            taken = layer.input if isinstance(layer.input, list) else [layer.input]
            self.inputs_of.append([place[id(tensor)] for tensor in taken])
            self.parts.append(_part(layer))
            place[id(layer.output)] = len(self.parts)

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        values = [faces]
        for part, inputs in zip(self.parts, self.inputs_of, strict=True):
            values.append(part(*(values[index] for index in inputs)))
        return values[-1]

    def read(self, model: keras.Model) -> None:
        """Take over the weights of the Keras model."""
        for layer, part in self._weighted(model):
            with torch.no_grad():
                for tensor, value in zip(_tensors(part), layer.get_weights(), strict=True):
                    tensor.copy_(torch.from_numpy(value.transpose(_to_torch(part, value.ndim))))

    def write(self, model: keras.Model) -> None:
        """Give these weights to the Keras model."""
        for layer, part in self._weighted(model):
            values = [tensor.detach().cpu().numpy() for tensor in _tensors(part)]
            layer.set_weights([value.transpose(_to_keras(part, value.ndim)) for value in values])

    def _weighted(self, model: keras.Model) -> list[tuple[keras.Layer, nn.Module]]:
        computing = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
        return [(layer, part) for layer, part in zip(computing, self.parts, strict=True) if layer.get_weights()]


def forward(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """What the network answers in inference, (N, 7) for (N, S, S, 1) float32 pixels, computed by its twin."""
    twin = Twin(model).to(DEVICE, memory_format=torch.channels_last).eval()
    twin.read(model)

    def answer(faces: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), _mixed_precision():
            return twin(_pictures(faces)).float().cpu().numpy()

    return answer


class TorchLearner:
    """Trains a network's twin. The average takes in the batch statistics too, so that they fit its weights."""

    state_name = "state.pt"

    def __init__(self, recipe: Recipe, steps: int, loss: Loss = functional.cross_entropy) -> None:
        self.steps = 0
        self._seed = torch.initial_seed()
        self._loss = loss
        self._kept = recipe.network()
        self._twin = Twin(self._kept).to(DEVICE, memory_format=torch.channels_last)
        self._twin.read(self._kept)
        self._average = AveragedModel(
            self._twin, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        ).eval()
        self._rates = _rates(recipe, steps)
        self._optimizer = _optimizer(recipe, self._twin)
        self._decay = recipe.weight_decay
        self._decaying = [p for p in self._twin.parameters() if p.ndim > 1]

    def step(self, faces: np.ndarray, targets: np.ndarray) -> float:
        rate = float(self._rates[self.steps])
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._twin.train()
        self._optimizer.zero_grad()
        torch.manual_seed(self._seed + self.steps)  # of dropout: a run that was cut off goes on with the same
        with _mixed_precision():
            answers = self._twin(_pictures(faces))
        loss = self._loss(answers.float(), torch.from_numpy(targets).to(DEVICE))
        loss.backward()
        with torch.no_grad():
            torch._foreach_mul_(self._decaying, 1 - rate * self._decay)
        self._optimizer.step()
        self._average.update_parameters(self._twin)
        self.steps += 1
        return float(loss.detach())

    def logits(self, faces: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), _mixed_precision():
            parts = [self._average(_pictures(faces[start : start + 512])) for start in range(0, len(faces), 512)]
        return torch.cat(parts).double().cpu().numpy()

    def averaged(self) -> keras.Model:
        self._average.module.write(self._kept)
        return self._kept

    def save(self, path: Path) -> None:
        torch.save({name: part.state_dict() for name, part in self._state().items()} | {"steps": self.steps}, path)

    def load(self, path: Path) -> None:
        saved = torch.load(path, map_location=DEVICE, weights_only=True)
        for name, part in self._state().items():
            part.load_state_dict(saved[name])
        self.steps = saved["steps"]

    def _state(self) -> dict[str, Any]:
        return {"twin": self._twin, "average": self._average, "optimizer": self._optimizer}


def _optimizer(recipe: Recipe, twin: nn.Module) -> torch.optim.Optimizer:
    """Without weight decay, which `step` does as Keras does it: decoupled, times the learning rate."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(twin.parameters(), lr=0.0, momentum=recipe.momentum, nesterov=True)
    return torch.optim.Adam(twin.parameters(), lr=0.0, eps=1e-7)


def _rates(recipe: Recipe, steps: int) -> np.ndarray:
    """The learning rate of every step of the run, on the CPU: asked one by one they would keep a GPU waiting."""
    with keras.device("cpu"):
        return keras.ops.convert_to_numpy(recipe.schedule(steps)(np.arange(recipe.epochs * steps)))


def _mixed_precision() -> torch.autocast:
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=has_fast_bfloat16())


def _pictures(faces: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(faces)).to(DEVICE).permute(0, 3, 1, 2)


class _Rescaling(nn.Module):
    def __init__(self, layer: layers.Rescaling) -> None:
        super().__init__()
        self.scale, self.offset = float(layer.scale), float(layer.offset)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.scale + self.offset).contiguous(memory_format=torch.channels_last)


class _Convolution(nn.Conv2d):
    """With TensorFlow's "same" padding, which for stride 2 on an even side is one row and column at the far end."""

    def __init__(self, layer: layers.Conv2D | layers.DepthwiseConv2D) -> None:
        if layer.padding != "same":
            raise TypeError(f"{layer.name}: padding '{layer.padding}' has no twin")
        height = layer.kernel.shape[-2]
        depthwise = isinstance(layer, layers.DepthwiseConv2D)
        super().__init__(
            height,
            height * layer.depth_multiplier if depthwise else layer.filters,
            layer.kernel_size,
            layer.strides,
            groups=height if depthwise else 1,
            bias=layer.use_bias,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        around = [
            max(0, (math.ceil(side / stride) - 1) * stride + kernel - side)
            for side, stride, kernel in zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        ]
        if all(total % 2 == 0 for total in around):
            return functional.conv2d(
                x, self.weight, self.bias, self.stride, [total // 2 for total in around], 1, self.groups
            )
        down, right = around
        x = functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class _Add(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x + y


class _Doubled(nn.Module):
    def __init__(self, layer: layers.UpSampling2D) -> None:
        if layer.size != (2, 2) or layer.interpolation != "bilinear":
            raise TypeError(f"{layer.name}: only bilinear doubling has a twin")
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class _Concatenation(nn.Module):
    """Of pictures along their channels, of lists of cells along their length."""

    def __init__(self, layer: layers.Concatenate) -> None:
        super().__init__()
        if layer.axis not in (1, -1) or (layer.axis == 1) != (layer.output.ndim == 3):
            raise TypeError(f"{layer.name}: concatenation along axis {layer.axis} has no twin")

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        return torch.cat(parts, dim=1)


class _Listed(nn.Module):
    """The cells of a picture row by row, (N, cells, values)."""

    def __init__(self, layer: layers.Reshape) -> None:
        super().__init__()
        self.values = layer.target_shape[-1]
        if len(layer.target_shape) != 2:
            raise TypeError(f"{layer.name}: reshaping to {layer.target_shape} has no twin")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).reshape(len(x), -1, self.values)


class _AveragePool(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


def _part(layer: keras.Layer) -> nn.Module:
    if isinstance(layer, layers.Rescaling):
        return _Rescaling(layer)
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
        return _Convolution(layer)
    if isinstance(layer, layers.BatchNormalization):
        return nn.BatchNorm2d(layer.gamma.shape[0], layer.epsilon, 1 - layer.momentum)
    if isinstance(layer, layers.ReLU):
        return _relu(layer)
    if isinstance(layer, layers.Add):
        return _Add()
    if isinstance(layer, layers.UpSampling2D):
        return _Doubled(layer)
    if isinstance(layer, layers.Concatenate):
        return _Concatenation(layer)
    if isinstance(layer, layers.Reshape):
        return _Listed(layer)
    if isinstance(layer, layers.GlobalAveragePooling2D):
        return _AveragePool()
    if isinstance(layer, layers.Dropout):
        return nn.Dropout(layer.rate)
    if isinstance(layer, layers.Dense):
        return nn.Linear(*layer.kernel.shape)
    raise TypeError(f"{layer.name}: {type(layer).__name__} has no twin; train with another Keras backend")


def _relu(layer: layers.ReLU) -> nn.Module:
    known = {None: nn.ReLU, 6.0: nn.ReLU6}
    if layer.max_value not in known or layer.negative_slope or layer.threshold:
        raise TypeError(f"{layer.name}: {layer.get_config()} has no twin")
    return known[layer.max_value]()


def _tensors(part: nn.Module) -> list[torch.Tensor]:
    """In the order of Keras's `get_weights` of the same layer."""
    if isinstance(part, nn.BatchNorm2d):
        return [part.weight, part.bias, part.running_mean, part.running_var]
    return [part.weight] if part.bias is None else [part.weight, part.bias]


def _to_torch(part: nn.Module, dimensions: int) -> tuple[int, ...]:
    """Axes of a kernel: (H, W, in, out) to (out, in, H, W), depthwise to (in, out, H, W); (in, out) to (out, in)."""
    depthwise = isinstance(part, nn.Conv2d) and part.groups > 1
    return {4: (2, 3, 0, 1) if depthwise else (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[dimensions]


def _to_keras(part: nn.Module, dimensions: int) -> tuple[int, ...]:
    there = _to_torch(part, dimensions)
    return tuple(there.index(axis) for axis in range(dimensions))
