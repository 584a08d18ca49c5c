"""The face detector's network: plain convolutions, three strides, five key points; XNNPACK runs all of it in int8.

Anchor-free like FCOS (Tian et al. 2019) and, for faces, CenterFace (Xu et al. 2019) and YuNet (Wu et al. 2023): each
cell of a grid says how likely a face's middle lies there, and where the box and the points are from there. The finer
grids get the coarser ones' features added (feature pyramid, Lin et al. 2017).
"""

from __future__ import annotations

import keras
from keras import layers

STRIDES = (8, 16, 32)
"""Pixels between two cells of a grid, finest grid first."""

SCORE, BOX, POINTS = 1, 4, 10
"""Values a cell: logit; middle x and y, log width and height; x and y of five points. In strides, from the cell."""

VALUES = SCORE + BOX + POINTS
RARE = 0.01
"""The share of cells that hold a face, to begin with: without it the first steps only unlearn one half."""


def detector(
    height: int | None = 240,
    width: int | None = 320,
    stem: int = 8,
    quarter: int = 24,
    widths: tuple[int, int, int] = (32, 48, 48),
    blocks: tuple[int, int, int] = (1, 1, 1),
    neck: int = 32,
) -> keras.Model:
    """Input (height, width, 1) grey pixels 0..255; output (cells, VALUES), the cells of each stride row by row.

    height, width: multiples of 8, or None for any multiple of 32. The weights are the same for every size.
    """
    pixels = keras.Input((height, width, 1), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = _convolution(x, stem, 3, 2)
    x = _convolution(x, quarter, 3, 2)
    levels = []
    for channels, count in zip(widths, blocks, strict=True):
        x = _convolution(_even(x), channels, 3, 2)
        for _ in range(count):
            x = _block(x, channels)
        levels.append(x)
    above = None
    grids = []
    for level, stride in reversed(list(zip(levels, STRIDES, strict=True))):
        x = _linear(level, neck, 1)
        if above is not None:
            x = layers.Add()([x, _doubled(above, level)])
        above = layers.ReLU()(x)
        grids.append(_head(above, neck, stride))
    return keras.Model(pixels, layers.Concatenate(axis=1, name="cells")(grids[::-1]), name="detector")


def _head(x, channels: int, stride: int):
    """(N, rows * columns, VALUES) of one grid."""
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, depthwise_initializer="he_normal")(x)
    x = _normalized(x)
    x = _convolution(x, channels, 1)
    bias = keras.initializers.Constant(float(keras.ops.log(RARE / (1 - RARE))))
    parts = [
        layers.Conv2D(SCORE, 1, padding="same", bias_initializer=bias, name=f"score_{stride}")(x),
        layers.Conv2D(BOX, 1, padding="same", name=f"box_{stride}")(x),
        layers.Conv2D(POINTS, 1, padding="same", name=f"points_{stride}")(x),
    ]
    return layers.Reshape((-1, VALUES))(layers.Concatenate()(parts))


def _block(x, channels: int):
    """Two convolutions around which the input passes (He et al. 2016)."""
    return layers.ReLU()(layers.Add()([x, _linear(_convolution(x, channels, 3), channels, 3)]))


def _doubled(x, like):
    """Bilinear, which XNNPACK has in int8 and nearest it has not; cut to the size of `like`."""
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    extra = [have - want if want else 0 for have, want in zip(x.shape[1:3], like.shape[1:3], strict=True)]
    return layers.Cropping2D(tuple((0, more) for more in extra))(x) if any(extra) else x


def _even(x):
    """An odd side gets a row or column more: stride 2 would otherwise look half a cell beside where it was trained."""
    odd = [side % 2 if side else 0 for side in x.shape[1:3]]
    return layers.ZeroPadding2D(tuple((0, more) for more in odd))(x) if any(odd) else x


def _convolution(x, channels: int, size: int, strides: int = 1):
    return layers.ReLU()(_linear(x, channels, size, strides))


def _linear(x, channels: int, size: int, strides: int = 1):
    """Convolution and batch normalization, which the converter folds into the first."""
    x = layers.Conv2D(channels, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return _normalized(x)


def _normalized(x):
    return layers.BatchNormalization(momentum=0.97)(x)
