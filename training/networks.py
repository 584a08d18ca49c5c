"""The networks: plain convolutions that XNNPACK runs in int8 without leaving its fast path.

Raw grey pixels 0..255 come in (scaling is the first layer, so the quantized input has scale exactly 1); logits go out.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from edge.emotion.labels import LABELS


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


def compact(
    side: int | None = 48,
    stem: int = 16,
    widths: tuple[int, ...] = (20, 32),
    inverted: tuple[tuple[int, int, int], ...] = ((64, 128, 3), (96, 192, 2)),
    head: int = 128,
) -> keras.Model:
    """For the smallest boards: residual blocks where the picture is large, inverted ones where its channels are many.

    A depthwise convolution (Sandler et al. 2018) saves little on 20 channels and most of the weights on 96 (Tan and Le
    2021 found the same split). widths: one block each; inverted: width, expanded width and blocks of each stage.
    Input and output as those of `residual`.
    """
    pixels = keras.Input((side, side, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ReLU()(_convolution(x, stem, 3))
    for width in widths:
        x = _block(x, width, strides=2)
    for width, expanded, count in inverted:
        for index in range(count):
            x = _inverted_block(x, width, expanded, strides=2 if index == 0 else 1)
    x = layers.ReLU()(_convolution(x, head, 1))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(len(LABELS), name="logits", dtype="float32")(x), name="compact")


def vgg(
    side: int | None = 48,
    widths: tuple[int, ...] = (64, 128, 256, 512, 512),
    blocks: tuple[int, ...] = (2, 2, 3, 3, 2),
    dropout: float = 0.3,
) -> keras.Model:
    """Plain 3x3 convolutions, halved between the stages (Simonyan and Zisserman 2015): a teacher, too large to ship.

    Input and output as those of `residual`.
    """
    pixels = keras.Input((side, side, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        x = layers.MaxPooling2D()(x) if stage else x
        for _ in range(count):
            x = layers.ReLU()(_convolution(x, width, 3))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, layers.Dense(len(LABELS), name="logits", dtype="float32")(x), name="vgg")


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


def _inverted_block(x, width: int, expanded: int, strides: int):
    inside = layers.ReLU()(_convolution(x, expanded, 1))
    # He's rule for a kernel of nine inputs; Keras's own "he_normal" counts every channel as an input.
    he = keras.initializers.RandomNormal(stddev=math.sqrt(2 / 9))
    inside = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False, depthwise_initializer=he)(inside)
    inside = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(inside))
    result = _convolution(inside, width, 1)
    return result if strides > 1 else layers.Add()([result, x])


def _convolution(x, width: int, size: int, strides: int = 1):
    """Convolution and batch normalization; the converter folds the second into the first."""
    x = layers.Conv2D(width, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.98)(x)
