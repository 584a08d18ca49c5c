"""The networks: plain convolutions that XNNPACK runs in int8 without leaving its fast path.

Raw grey pixels 0..255 come in (scaling is the first layer, so the quantized input has scale exactly 1); logits go out.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import keras
from keras import layers

from edge.emotion.labels import LABELS
from training.errors import DataError


def residual(
    side: int | None = 48,
    stem: int = 32,
    widths: tuple[int, ...] = (32, 64, 112, 144),
    blocks: tuple[int, ...] = (2, 2, 2, 1),
    dropout: float = 0.0,
) -> keras.Model:
    """A small ResNet (He et al. 2016): a 3x3 stem at full size, then stages that each begin with stride 2.

    Input (side, side, 1) pixels 0..255, any size where side is None; output (7,) logits in the order of LABELS.
    """
    pixels = keras.Input((side, side, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ReLU()(_convolution(x, stem, 3))
    for width, count in zip(widths, blocks, strict=True):
        for index in range(count):
            x = _block(x, width, strides=2 if index == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model(pixels, layers.Dense(len(LABELS), name="logits", dtype="float32")(x), name="residual")


def load_network(path: Path) -> keras.Model:
    """The network of a `.keras` file. Raises DataError where Keras cannot load it."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as err:
        reason = str(err).strip().splitlines()[0]
        raise DataError(f"{path} is not a trained network ({reason}); train one first") from err


def in_float32(model: keras.Model, pixels: keras.KerasTensor | None = None) -> keras.Model:
    """A copy in plain float32, whatever arithmetic it was trained in. pixels: in the place of its own input."""

    def plain(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, input_tensors=pixels, clone_function=plain)
    copy.set_weights(model.get_weights())
    return copy


def multiply_accumulates(model: keras.Model) -> int:
    """Multiply-accumulates of one picture through the convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)):
            total += math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    return total


def _block(x, width: int, strides: int):
    shortcut = x if strides == 1 else _convolution(x, width, 1, strides)
    x = layers.ReLU()(_convolution(x, width, 3, strides))
    return layers.ReLU()(layers.Add()([_convolution(x, width, 3), shortcut]))


def _convolution(x, width: int, size: int, strides: int = 1):
    """Convolution and batch normalization; the converter folds the second into the first."""
    x = layers.Conv2D(width, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.98)(x)
