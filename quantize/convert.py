"""From a trained run to an int8 .tflite file and its card: load, quantize, check, describe, from top to bottom."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.emotion.card import Card, card_path, write_card
from edge.emotion.tflite import TfliteModel
from quantize.describe import calibrated, described, shipped_start, with_metrics
from quantize.methods import DEFAULT, METHODS, RULE, Source, known, read_lines
from quantize.operators import float_operators
from quantize.pair import FLOAT_FILE
from training.data import FaceSet
from training.errors import DataError
from training.held_out import HeldOut
from training.networks import in_float32, load_network
from training.run import BEST

log = logging.getLogger(__name__)


class ConversionError(DataError):
    """The network cannot be made into integers as the device wants them; the message says why."""


def convert(
    run: Path,
    pictures: np.ndarray,
    selection: FaceSet,
    test: HeldOut,
    licence: str | None,
    target: Path,
    method: str | None = None,
) -> Card:
    """Write `target` (.tflite) and its card, and the float file and card into the run folder. Returns the int8 card.

    pictures: (N, S, S) uint8, representative, for the ranges of the integers. selection: what the card is fitted to.
    licence: the card's words on the weights' licence, or None for what is known of the pictures.
    method: a key of METHODS; by default the one that did best where `python -m quantize methods` measured the run.
    Both targets are replaced at the end, each in one step: an error leaves the old ones.
    Raises DataError for an unusable run or data, ConversionError where the result is not all integers.
    """
    quantization = chosen_method(run, method)
    source = Source.of(load_float32(run), pictures)
    card = described(run, source.model, licence, len(pictures)) | {"quantization": quantization}
    files = METHODS[quantization["method"]](source)
    check_integers(files.int8)

    before = shipped_start(run)
    float_card = with_metrics(files.float32, calibrated(files.float32, card, selection, before), test)
    card = with_metrics(files.int8, calibrated(files.int8, card, selection, before), test, corruptions=True)
    card["metrics"]["float32"] = float_card["metrics"]

    float_file = run / FLOAT_FILE
    float_file.write_bytes(files.float32)
    write_card(float_file, float_card)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting_") as folder:
        staged = Path(folder) / target.name
        staged.write_bytes(files.int8)
        write_card(staged, card)
        os.replace(staged, target)
        os.replace(card_path(staged), card_path(target))
    return card


def chosen_method(run: Path, wanted: str | None = None) -> dict[str, Any]:
    """The method's name, by which rule it is used, and what was measured of it and the others."""
    measured = read_lines(run, checksum(run))
    if wanted is not None:
        return {"method": known(wanted), "rule": "asked for on the command line", "measured": measured}
    if measured:
        return {"method": known(measured[0]["method"]), "rule": RULE, "measured": measured}
    return {"method": DEFAULT, "rule": "the default; `quantize methods` measures the others", "measured": []}


def checksum(run: Path) -> str:
    """Of the run's best network. Raises DataError where there is none."""
    try:
        return hashlib.sha256((run / BEST).read_bytes()).hexdigest()
    except OSError as err:
        raise DataError(f"{run / BEST} is not a trained network ({err.strerror}); train one first") from err


def load_float32(run: Path) -> keras.Model:
    """The run's best network with input (1, S, S, 1), in plain float32 whatever arithmetic it was trained in."""
    trained = load_network(run / BEST)
    face = keras.Input(batch_shape=(1, *trained.input_shape[1:]), name="face")
    return in_float32(trained, face)


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
