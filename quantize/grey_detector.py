"""From a trained run to a grey face detector of your own: `python -m quantize.grey_detector --run RUN --data FACES`.

Writes NAME.tflite for 320x240 and NAME-near.tflite for 160x120, from one set of weights, each with its card.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import sys
from pathlib import Path
from typing import Any

import keras

from edge.emotion.card import Card
from edge.errors import EdgeError
from quantize import compare_detectors, detector_report
from quantize.anchor_free import USUAL_SCORE, Size, convert, photographs
from quantize.detector_card import card_of
from training.detection.network import STRIDES
from training.detection.pictures import read_pictures
from training.detection.task import MERGE_IOU
from training.errors import DataError
from training.networks import load_network
from training.recipe import load_recipe
from training.run import BEST, CURVE, FACTS

log = logging.getLogger(__name__)

SIZES = (Size("", 240, 320), Size("-near", 120, 160))


def deployed(trained: keras.Model, recipe_name: str, size: Size) -> keras.Model:
    """The network for one fixed size with its nine grids as outputs, no longer joined: each keeps its own scale."""
    model = load_recipe(recipe_name).network(height=size.height, width=size.width)
    model.set_weights(trained.get_weights())
    grids = [model.get_layer(f"{part}_{stride}").output for stride in STRIDES for part in ("score", "box", "points")]
    pixels = keras.Input(batch_shape=(1, size.height, size.width, 1), name="picture")
    return keras.Model(pixels, keras.Model(model.inputs, grids)(pixels), name="detector")


def card_of_run(run: Path, size: Size) -> Card:
    """What the run's folder and the size decide. Raises DataError."""
    facts, epochs = _facts(run)
    return card_of(facts, epochs, size.height, size.width, MERGE_IOU, USUAL_SCORE)


def _facts(run: Path) -> tuple[dict[str, Any], list[dict[str, float]]]:
    try:
        facts = json.loads((run / FACTS).read_text(encoding="utf-8"))
        with open(run / CURVE, newline="", encoding="utf-8") as file:
            epochs = [{key: float(value) for key, value in line.items()} for line in csv.DictReader(file)]
    except (OSError, ValueError) as err:
        raise DataError(f"{run} is not the folder of a run ({err}); train one first") from err
    return facts, epochs


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.grey_detector", description="Make a grey face detector from a run.")
    parser.add_argument("--run", type=Path, required=True, help="folder of `python -m training train face`")
    parser.add_argument("--data", type=Path, required=True, help="the annotated photographs it was trained on")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument(
        "--pictures", type=Path, help="WIDER FACE pictures as quantize.recall reads them, for the report"
    )
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="other detectors for the report, .tflite")
    parser.add_argument("--yunet", type=Path, help="OpenCV Zoo's ONNX file, for the report")
    parser.add_argument("--name", default="face-grey", help="stem of the files; the second one's ends with -near")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        pictures = photographs(*read_pictures(options.data), colour=False)
        shown = compare_detectors.read(options.pictures) if options.pictures else None
        for size in SIZES:
            target = options.out / f"{options.name}{size.ending}.tflite"
            card = card_of_run(options.run, size)
            model = deployed(load_network(options.run / BEST), card["training"]["recipe"]["name"], size)
            card = convert(model, card, pictures, target)
            beside = None
            if shown:
                others = compare_detectors.opened([target, *options.beside], options.yunet)
                beside = compare_detectors.table(others, shown)
            log.info("%s", detector_report.write(target, card, beside).read_text(encoding="utf-8"))
    except (EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.grey_detector: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
