"""From a trained run to the device's own face detector: `python -m quantize.grey_detector --run RUN --data FACES`.

Writes NAME.tflite for 320x240 and NAME-near.tflite for 160x120, from one set of weights, each with its card.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import math
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.detectors.greyface import GreyFace, GreyLetterbox
from edge.emotion.card import Card, card_path, write_card
from edge.emotion.tflite import Quantization
from edge.errors import EdgeError
from quantize import compare_detectors, detector_report
from quantize.convert import check_integers
from quantize.converter import float_content, int8_content, load_network
from quantize.detector_card import card_of
from training.data import DataError
from training.detection.network import STRIDES
from training.detection.pictures import Picture, read_pictures
from training.detection.scoring import Matches, found_by, truth
from training.detection.task import MERGE_IOU, SAME_FACE_IOU
from training.networks import multiply_accumulates
from training.recipe import load_recipe
from training.train import BEST, CURVE, FACTS

log = logging.getLogger(__name__)

CALIBRATION_PICTURES = 160
TOLERATED_FALSE = 0.1
"""False boxes a picture, on the pictures kept aside, at the usual score: the daemon's own `face.min_score`."""

LEAST_SCORE = 0.02
LEAST_PX = 14
"""Faces count from this size in pictures of 448 pixels."""


@dataclass(frozen=True)
class Size:
    """One file: what its stem ends with, and the network's input."""

    ending: str
    height: int
    width: int


SIZES = (Size("", 240, 320), Size("-near", 120, 160))


def deployed(trained: keras.Model, recipe_name: str, size: Size) -> keras.Model:
    """The network for one fixed size with its nine grids as outputs, no longer joined: each keeps its own scale."""
    model = load_recipe(recipe_name).network(height=size.height, width=size.width)
    model.set_weights(trained.get_weights())
    grids = [model.get_layer(f"{part}_{stride}").output for stride in STRIDES for part in ("score", "box", "points")]
    pixels = keras.Input(batch_shape=(1, size.height, size.width, 1), name="picture")
    return keras.Model(pixels, keras.Model(model.inputs, grids)(pixels), name="detector")


def representative(pictures: list[Picture], size: Size) -> np.ndarray:
    """(N, H, W) uint8: every so-manieth picture as the device's letterbox shows it, one black and one white."""
    letterbox = GreyLetterbox(size.height, size.width, Quantization(1.0, 0, np.dtype(np.uint8)))
    chosen = pictures[:: max(1, len(pictures) // CALIBRATION_PICTURES)][:CALIBRATION_PICTURES]
    shown = [letterbox.fit(picture.grey)[0][0, :, :, 0].copy() for picture in chosen]
    return np.stack([*shown, np.zeros_like(shown[0]), np.full_like(shown[0], 255)])


def convert(run: Path, size: Size, training: list[Picture], aside: list[Picture], target: Path) -> Card:
    """Write one file and its card, and the float32 file into the run's folder. Returns the card. Raises DataError."""
    facts, epochs = _facts(run)
    model = deployed(load_network(run / BEST), facts["recipe"]["name"], size)
    content = int8_content(model, representative(training, size))
    check_integers(content)
    card = card_of(facts, epochs, size.height, size.width, MERGE_IOU, compare_detectors.USUAL_SCORE)
    card |= {"multiply_accumulates": multiply_accumulates(model.layers[-1]), "parameters": model.count_params()}
    exact = _measured(float_content(model), run / f"{target.stem}.float.tflite", card, aside)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting_") as folder:
        staged = Path(folder) / target.name
        ours = _measured(content, staged, card, aside)
        numbers = {"pictures": f"{len(aside)} kept aside from training", "int8": ours, "float32": exact}
        card = json.loads(card_path(staged).read_text(encoding="utf-8")) | {"metrics": {"kept_aside": numbers}}
        write_card(staged, card)
        os.replace(staged, target)
        os.replace(card_path(staged), card_path(target))
    return card


def _measured(content: bytes, path: Path, card: Card, aside: list[Picture]) -> dict[str, float]:
    """Write the file and its card with scores moved so that the usual one means TOLERATED_FALSE; measure it."""
    path.write_bytes(content)
    write_card(path, {**card, "sureness": {"scale": 1.0, "shift": 0.0}})
    matches = _matches(path, aside)
    # A network that finds nothing, or nothing wrong, has no such score: its own are left nearly as they are.
    usual = min(max(matches.score_at(TOLERATED_FALSE), LEAST_SCORE), 1 - LEAST_SCORE)
    shift = _logit(compare_detectors.USUAL_SCORE) - _logit(usual)
    write_card(path, {**card, "sureness": {"scale": 1.0, "shift": round(shift, 4)}})
    return matches.moved(shift).numbers(compare_detectors.USUAL_SCORE)


def _matches(path: Path, aside: list[Picture]) -> Matches:
    detector = GreyFace(path, LEAST_SCORE, min_size_px=0, max_faces=1000)
    greys = [picture.grey for picture in aside]
    return found_by(detector.detect, greys, [truth(picture.faces, LEAST_PX) for picture in aside], SAME_FACE_IOU)


def _logit(score: float) -> float:
    return math.log(score / (1 - score))


def _facts(run: Path) -> tuple[dict[str, Any], list[dict[str, float]]]:
    try:
        facts = json.loads((run / FACTS).read_text(encoding="utf-8"))
        with open(run / CURVE, newline="", encoding="utf-8") as file:
            epochs = [{key: float(value) for key, value in line.items()} for line in csv.DictReader(file)]
    except (OSError, ValueError) as err:
        raise DataError(f"{run} is not the folder of a run ({err}); train one first") from err
    return facts, epochs


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.grey_detector", description="Make our face detector from a run.")
    parser.add_argument("--run", type=Path, required=True, help="folder of `python -m training train face`")
    parser.add_argument("--data", type=Path, required=True, help="the annotated photographs it was trained on")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument(
        "--pictures", type=Path, help="WIDER FACE pictures as quantize.recall reads them, for the report"
    )
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="other detectors for the report, .tflite")
    parser.add_argument("--yunet", type=Path, help="OpenCV Zoo's ONNX file, for the report")
    parser.add_argument("--name", default="face", help="stem of the files; the second one's ends with -near")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        training, aside = read_pictures(options.data)
        shown = compare_detectors.read(options.pictures) if options.pictures else None
        for size in SIZES:
            target = options.out / f"{options.name}{size.ending}.tflite"
            card = convert(options.run, size, training, aside, target)
            beside = None
            if shown:
                others = compare_detectors.opened([target, *options.beside], options.yunet)
                beside = compare_detectors.table(others, shown)
            log.info("%s", detector_report.write(target, card, beside).read_text(encoding="utf-8"))
    except (DataError, EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.grey_detector: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
