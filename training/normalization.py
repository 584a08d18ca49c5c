"""Batch normalization for a network that has none, or whose converter folded it away: training needs it again.

Without it a network can only be trained on carefully. What is put in has the statistics of some faces, and a scale and
a shift that undo them: the network answers as before, and a step of training begins where it would have begun.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from training.errors import DataError

MOMENTUM = 0.98
EPSILON = 1e-3
MEASURED_ON = 1024
"""Faces that the statistics are taken from."""


def normalized(model: keras.Model, faces: np.ndarray) -> keras.Model:
    """The same network with batch normalization after every convolution, whose bias it takes over.

    faces: (N, S, S, 1) float32 pixels 0..255, the first MEASURED_ON of them are looked at. Raises DataError where a
    convolution's activation is not a layer of its own.
    """
    result = keras.models.clone_model(model, clone_function=_without_bias, call_function=_then_normalized)
    for layer in model.layers:
        if not _is_convolution(layer):
            result.get_layer(layer.name).set_weights(layer.get_weights())
            continue
        kernel, *bias = layer.get_weights()
        result.get_layer(layer.name).set_weights([kernel])
        shift = bias[0] if bias else np.zeros(layer.output.shape[-1], np.float32)
        result.get_layer(_name(layer)).set_weights(_adding(shift, 0.0, 1.0))
    convolutions = [layer for layer in result.layers if _is_convolution(layer)]
    outputs = keras.Model(result.inputs[0], [layer.output for layer in convolutions])
    for layer, out in zip(convolutions, outputs.predict(faces[:MEASURED_ON], batch_size=64, verbose=0), strict=True):
        normalization = result.get_layer(_name(layer))
        mean, variance = out.mean(axis=(0, 1, 2)), out.var(axis=(0, 1, 2))
        normalization.set_weights(_adding(keras.ops.convert_to_numpy(normalization.beta), mean, variance))
    return result


def _adding(shift: np.ndarray, mean: np.ndarray | float, variance: np.ndarray | float) -> list[np.ndarray]:
    """Scale, shift, mean and variance of a batch normalization that adds `shift` and does nothing else."""
    full = np.zeros_like(shift)
    return [full + np.sqrt(variance + EPSILON), shift + mean, full + mean, full + variance]


def _without_bias(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if _is_convolution(layer):
        if config["activation"] != "linear":
            raise DataError(f"{layer.name}: its activation must be a layer of its own, after the normalization")
        config["use_bias"] = False
    return type(layer).from_config(config)


def _then_normalized(layer: keras.Layer, *inputs: Any, **settings: Any) -> Any:
    x = layer(*inputs, **settings)
    if not _is_convolution(layer):
        return x
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=_name(layer))(x)


def _is_convolution(layer: keras.Layer) -> bool:
    return isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D))


def _name(layer: keras.Layer) -> str:
    return f"{layer.name}_normalized"
