"""From a trained run to an int8 .tflite file and its card: load, quantize, check, describe, from top to bottom."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from edge.emotion.card import Card, card_path
from edge.emotion.tflite import TfliteModel
from quantize.calibration import Choice, representative
from quantize.describe import calibrated_card, described, with_metrics
from quantize.operators import float_operators
from quantize.pair import FLOAT_FILE
from training.data import DataError, FaceSet
from training.held_out import HeldOut
from training.train import BEST

log = logging.getLogger(__name__)


class ConversionError(DataError):
    """The network cannot be made into integers as the device wants them; the message says why."""


def convert(
    run: Path, splits: dict[str, FaceSet], test: HeldOut, choices: list[Choice], licence: str, target: Path
) -> Card:
    """Write `target` (.tflite) and its card, and the float file and card into the run folder. Returns the int8 card.

    Both targets are replaced at the end, each in one step: an error leaves the old ones.
    Raises DataError for an unusable run or data, ConversionError where the result is not all integers.
    """
    pictures = representative(splits["Training"], choices)
    model = load_float32(run)
    card = described(run, model, licence, len(choices))

    float_file = run / FLOAT_FILE
    float_file.write_bytes(float_content(model))
    float_card = calibrated_card(float_file, card, splits["PublicTest"])
    float_card = with_metrics(float_file, float_card, test)

    content = int8_content(model, pictures)
    check_integers(content)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting_") as folder:
        staged = Path(folder) / target.name
        staged.write_bytes(content)
        card = calibrated_card(staged, card, splits["PublicTest"])
        card = with_metrics(staged, card, test, unquantized=float_card["metrics"])
        os.replace(staged, target)
        os.replace(card_path(staged), card_path(target))
    return card


def load_float32(run: Path) -> keras.Model:
    """The run's best network with input (1, S, S, 1), in plain float32 whatever arithmetic it was trained in."""
    trained = load_network(run / BEST)
    face = keras.Input(batch_shape=(1, *trained.input_shape[1:]), name="face")
    plain = keras.models.clone_model(trained, input_tensors=face, clone_function=_in_float32)
    plain.set_weights(trained.get_weights())
    return plain


def load_network(path: Path) -> keras.Model:
    """Raises DataError where Keras cannot load the file."""
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as err:
        reason = str(err).strip().splitlines()[0]
        raise DataError(f"{path} is not a trained network ({reason}); train one first") from err


def int8_content(model: keras.Model, pictures: np.ndarray) -> bytes:
    """The file with int8 input, output and insides. pictures: (N, S, S) uint8, the representative faces."""

    def faces() -> Iterator[list[np.ndarray]]:
        for picture in pictures:
            yield [picture[None, ..., None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = faces
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return _converted(converter)


def float_content(model: keras.Model) -> bytes:
    return _converted(tf.lite.TFLiteConverter.from_keras_model(model))


def check_integers(content: bytes) -> None:
    """Raises ConversionError where a float operator is left inside or raw pixels would not pass unchanged."""
    floats = float_operators(content)
    if floats:
        raise ConversionError(f"the network is not all integers after conversion: {', '.join(floats)} compute in float")
    file = TfliteModel(content, "the converted network")
    scale = file.input_quantization().scale
    if scale != 1.0:
        raise ConversionError(f"the input's scale is {scale}, not 1: is Rescaling the network's first layer?")
    if file.input_shape[0] != 1:
        raise ConversionError(f"the input is {file.input_shape}, not a single face")


def _in_float32(layer: keras.Layer) -> keras.Layer:
    return type(layer).from_config({**layer.get_config(), "dtype": "float32"})


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    # The converter describes the network on standard output, and warns that the input's range was not given by hand.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Statistics for quantized inputs were expected")
        return bytes(converter.convert())
