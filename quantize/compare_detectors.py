"""Face detectors side by side: `python -m quantize.compare_detectors --pictures DIR models/face.tflite …`.

DIR holds `images/` and `boxes.csv`, as for `quantize.recall`. Boxes less than 20 pixels tall neither count nor cost.
One pass a picture at a low threshold gives everything: average precision, recall at the threshold in use and at the one
with 0.2 false boxes a picture, and the time of a thread.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.config import FaceConfig
from edge.detectors import Detector, open_detector
from edge.errors import EdgeError
from edge.types import Box, Face, Image
from quantize.other_detectors import Haar, YuNet
from quantize.recall import SAME_FACE_IOU, read_boxes
from training.detection.scoring import Matches, Truth, found_by
from training.errors import DataError
from training.reports.tables import markdown

LEAST_SCORE = 0.05
USUAL_SCORE = FaceConfig().min_score
TOLERATED_FALSE = 0.2
HEIGHTS_PX = (20, 40)
HEADER = (
    "detector",
    "average precision",
    f"found ≥ 20 px, ≥ 40 px at {TOLERATED_FALSE} false boxes a picture",
    f"found ≥ 20 px, ≥ 40 px at a score of {USUAL_SCORE}",
    f"false boxes a picture at {USUAL_SCORE}",
    "ms, one thread",
)


@dataclass(frozen=True)
class Pictures:
    """images: BGR. boxes: of the people's faces in each."""

    images: list[Image]
    boxes: list[list[Box]]


def read(folder: Path) -> Pictures:
    """Raises OSError, KeyError or ValueError for another folder, DataError for an unreadable picture."""
    labelled = read_boxes(folder)
    images = [cv2.imread(str(path)) for path in labelled]
    for path, image in zip(labelled, images, strict=True):
        if image is None:
            raise DataError(f"{path} is not a readable picture")
    return Pictures([image for image in images if image is not None], list(labelled.values()))  # type: ignore[misc]


def row(name: str, detect: Callable[[Image], list[Face]], pictures: Pictures) -> tuple[str, ...]:
    """One line of the table."""
    times: list[float] = []

    def timed(image: Image) -> list[Face]:
        began = time.thread_time()
        faces = detect(image)
        times.append(time.thread_time() - began)
        return faces

    matches = {
        height: found_by(timed, pictures.images, truths(pictures, height), SAME_FACE_IOU) for height in HEIGHTS_PX
    }
    every = matches[HEIGHTS_PX[0]]
    at = every.score_at(TOLERATED_FALSE)
    return (
        name,
        f"{every.average_precision():.3f}",
        _pair(matches, at),
        _pair(matches, USUAL_SCORE),
        f"{every.false_per_picture(USUAL_SCORE):.2f}",
        f"{1000 * float(np.median(times)):.2f}",
    )


def truths(pictures: Pictures, height: float) -> list[Truth]:
    """Of each picture; boxes less tall than this, in pixels, neither count nor cost."""
    truths = []
    for boxes in pictures.boxes:
        rows = np.array([[box.x0, box.y0, box.x1, box.y1] for box in boxes], np.float32).reshape(-1, 4)
        small = np.array([box.height < height for box in boxes], bool)
        truths.append(Truth(rows, small, np.full((len(boxes), 4, 2), math.nan, np.float32)))
    return truths


def _pair(matches: dict[int, Matches], score: float) -> str:
    return ", ".join(f"{one.recall(score):.3f}" for one in matches.values())


def opened(models: list[Path], yunet: Path | None) -> dict[str, Detector]:
    """The detectors by name; Haar among them where this OpenCV has it. Raises ModelError, DataError."""
    detectors: dict[str, Detector] = {
        model.stem: open_detector(FaceConfig(str(model), LEAST_SCORE, min_size_px=8, max_faces=1000))
        for model in models
    }
    if yunet:
        detectors["YuNet"] = YuNet(yunet, LEAST_SCORE)
    if Haar.is_here():
        detectors["Haar"] = Haar()
    return detectors


def table(detectors: dict[str, Detector], pictures: Pictures) -> str:
    """Markdown."""
    return markdown(HEADER, [row(name, detector.detect, pictures) for name, detector in detectors.items()])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.compare_detectors", description="Face detectors side by side.")
    parser.add_argument("models", nargs="+", type=Path, help=".tflite face detectors with their cards")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with images/ and boxes.csv")
    parser.add_argument("--yunet", type=Path, help="OpenCV Zoo's face_detection_yunet_2023mar.onnx, to compare with")
    parser.add_argument(
        "--dim", action="store_true", help="also in worse pictures: grey, dim, noisy, in coloured light"
    )
    options = parser.parse_args(arguments)
    try:
        pictures = read(options.pictures)
        detectors = opened(options.models, options.yunet)
    except (EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.compare_detectors: {err}\n")
        return 2
    sys.stdout.write(table(detectors, pictures))
    if options.dim:
        from quantize import dim_pictures

        sys.stdout.write("\n" + dim_pictures.table(detectors, pictures))
    if not Haar.is_here():
        sys.stderr.write("Without Haar: OpenCV 5 dropped it, version 4 has it.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
