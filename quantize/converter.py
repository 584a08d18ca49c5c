"""Keras networks: read, and converted to .tflite by TensorFlow's own converter, in float and in int8."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf


def int8_content(model: keras.Model, pictures: np.ndarray) -> bytes:
    """The file with int8 input, output and insides. pictures: (N, H, W) or (N, H, W, planes) uint8, representative."""

    def batches() -> Iterator[list[np.ndarray]]:
        for picture in pictures:
            yield [np.atleast_3d(picture)[None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = batches
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return _converted(converter)


def float_content(model: keras.Model) -> bytes:
    return _converted(tf.lite.TFLiteConverter.from_keras_model(model))


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    # The converter describes the network on standard output, and warns that the input's range was not given by hand.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs were expected")
        return bytes(converter.convert())
