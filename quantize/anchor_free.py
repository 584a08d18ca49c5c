"""From a network that answers on grids to the device's file: int8, with a card, its scores moved to mean the same.

It imports `edge.detectors` on purpose: pictures must pass the device's own letterbox, and what is measured is what the
device finds.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np

from edge.detectors.anchor_free import AnchorFree
from edge.detectors.letterbox import Letterbox
from edge.emotion.card import Card, card_path, write_card
from quantize import compare_detectors
from quantize.convert import check_integers
from quantize.converter import float_content, int8_content
from quantize.operators import operators
from training.detection.pictures import Picture
from training.detection.scoring import Matches, Truth, found_by, truth
from training.detection.task import SAME_FACE_IOU

CALIBRATION_PICTURES = 160
TOLERATED_FALSE = 0.1
"""False boxes a picture, on the pictures kept aside, at the usual score: the daemon's own `face.min_score`."""

USUAL_SCORE = compare_detectors.USUAL_SCORE
LEAST_SCORE = 0.02
LEAST_PX = 14
"""Faces count from this size in pictures of 448 pixels."""


@dataclass(frozen=True)
class Size:
    """One file: what its stem ends with, and the network's input."""

    ending: str
    height: int
    width: int


@dataclass(frozen=True)
class Photographs:
    """training: (H, W) or (H, W, 3), to learn the ranges from. aside: to measure on, with their truths."""

    training: list[np.ndarray]
    aside: list[np.ndarray]
    truths: list[Truth]


def photographs(training: Sequence[Picture], aside: Sequence[Picture], colour: bool) -> Photographs:
    """What a conversion needs of the annotated pictures, in grey or in blue, green and red."""
    chosen = training[:: max(1, len(training) // CALIBRATION_PICTURES)][:CALIBRATION_PICTURES]
    shown = _in_colour if colour else _in_grey
    truths = [truth(picture.faces, LEAST_PX) for picture in aside]
    return Photographs([shown(picture) for picture in chosen], [shown(picture) for picture in aside], truths)


def _in_grey(picture: Picture) -> np.ndarray:
    return picture.grey


def _in_colour(picture: Picture) -> np.ndarray:
    """Read again, in the size of the grey one."""
    colour = cv2.imread(str(picture.faces.path), cv2.IMREAD_COLOR)
    return cv2.resize(colour, picture.grey.shape[::-1], interpolation=cv2.INTER_AREA)


def representative(model: keras.Model, pictures: list[np.ndarray]) -> np.ndarray:
    """(N, H, W, planes) uint8: the pictures as the device's letterbox shows them, one black and one white."""
    _, height, width, planes = model.input_shape
    letterbox = Letterbox(height, width, planes, np.arange(256, dtype=np.uint8))
    shown = [letterbox.fit(picture)[0][0].copy() for picture in pictures]
    return np.stack([*shown, np.zeros_like(shown[0]), np.full_like(shown[0], 255)])


def convert(model: keras.Model, card: Card, pictures: Photographs, target: Path) -> Card:
    """Write the int8 file and its card, and return the card. Raises DataError.

    model: fixed input shape, its grids as outputs. card: all but sizes, the scores' shift and the measurements.
    """
    content = int8_content(model, representative(model, pictures.training))
    check_integers(content)
    macs = sum(operator.multiply_accumulates for operator in operators(content))
    card = {**card, "parameters": model.count_params(), "multiply_accumulates": macs}
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting_") as folder:
        exact, _ = _measured(float_content(model), Path(folder) / "float32.tflite", card, pictures)
        staged = Path(folder) / target.name
        ours, card = _measured(content, staged, card, pictures)
        numbers = {"int8": ours, "float32": exact}
        card = {**card, "metrics": {"kept_aside_pictures": len(pictures.aside), "kept_aside": numbers}}
        write_card(staged, card)
        os.replace(staged, target)
        os.replace(card_path(staged), card_path(target))
    return card


def _measured(content: bytes, path: Path, card: Card, pictures: Photographs) -> tuple[dict[str, float], Card]:
    """Write the file and its card with scores moved so that the usual one means TOLERATED_FALSE; measure it."""
    path.write_bytes(content)
    write_card(path, {**card, "sureness": {"scale": 1.0, "shift": 0.0}})
    matches = _matches(path, pictures)
    # A network that finds nothing, or nothing wrong, has no such score: its own are left nearly as they are.
    usual = min(max(matches.score_at(TOLERATED_FALSE), LEAST_SCORE), 1 - LEAST_SCORE)
    shift = _logit(USUAL_SCORE) - _logit(usual)
    card = {**card, "sureness": {"scale": 1.0, "shift": round(shift, 4)}}
    write_card(path, card)
    return matches.moved(shift).numbers(USUAL_SCORE), card


def _matches(path: Path, pictures: Photographs) -> Matches:
    detector = AnchorFree(path, LEAST_SCORE, min_size_px=0, max_faces=1000)
    return found_by(detector.detect, pictures.aside, pictures.truths, SAME_FACE_IOU)


def _logit(score: float) -> float:
    return math.log(score / (1 - score))
