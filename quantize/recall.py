"""How many faces the detector finds in labelled photographs: `python -m quantize.recall --pictures DIR`.

DIR holds `images/` and `boxes.csv` with the columns file, x1, y1, x2, y2, as WIDER FACE's validation pictures can be
written. This file imports `edge.detectors` on purpose: it measures what the device runs.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from edge.config import FaceConfig
from edge.detectors import WEAK_SCORE_RATIO, open_detector
from edge.detectors.tiled import TRUST, Tiled
from edge.errors import EdgeError
from edge.types import Box, Face

SAME_FACE_IOU = 0.3
"""BlazeFace draws squares from brow to chin, people draw taller boxes: a right box overlaps by about a half."""

HEIGHTS_PX = (20, 40)
MIN_SCORES = (0.3, 0.4, 0.5, 0.6, 0.7)
MOST_FACES = 1000
Labelled = dict[Path, list[Box]]


@dataclass(frozen=True)
class Recall:
    """At one threshold: share of the labelled faces found, by their least height in pixels; false boxes a picture."""

    min_score: float
    found: dict[int, float]
    false_per_picture: float

    def as_numbers(self) -> dict[str, float]:
        """For a model card: named with their units, rounded."""
        shares = {f"recall_from_{height}_px": round(share, 3) for height, share in self.found.items()}
        return {**shares, "false_boxes_per_picture": round(self.false_per_picture, 3)}


def read_boxes(folder: Path) -> Labelled:
    """The labelled boxes of every picture in `boxes.csv`. Raises OSError, KeyError or ValueError for another file."""
    boxes: Labelled = defaultdict(list)
    with open(folder / "boxes.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            box = Box(float(row["x1"]), float(row["y1"]), float(row["x2"]), float(row["y2"]))
            boxes[folder / "images" / row["file"]].append(box)
    return boxes


def measure(model: Path, labelled: Labelled, min_score: float, tiles: int = 1, *, grey: bool = False) -> Recall:
    """Run the detector over all pictures. Faces less tall than the least of HEIGHTS_PX neither count nor cost."""
    face = FaceConfig(str(model), min_score, min_size_px=8, max_faces=MOST_FACES)
    weak = open_detector(replace(face, min_score=min_score * WEAK_SCORE_RATIO))
    detector = open_detector(face) if tiles == 1 else Tiled(weak, tiles, min_score)
    wanted, found, false = dict.fromkeys(HEIGHTS_PX, 0), dict.fromkeys(HEIGHTS_PX, 0), 0
    for path, boxes in labelled.items():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
        if image is None:
            raise FileNotFoundError(f"{path} is not a readable picture")
        hits, misses = _matched(detector.detect(image), boxes)
        false += misses
        for least in HEIGHTS_PX:
            wanted[least] += sum(box.height >= least for box in boxes)
            found[least] += sum(boxes[hit].height >= least for hit in hits)
    return Recall(min_score, {h: found[h] / max(1, wanted[h]) for h in HEIGHTS_PX}, false / max(1, len(labelled)))


def card_numbers(model: Path, pictures: Path, min_scores: tuple[float, ...]) -> dict[str, Any]:
    """What a card says about how many faces its detector finds in WIDER FACE's pictures, by threshold."""
    labelled = read_boxes(pictures)
    return {
        "pictures": f"{len(labelled)} of WIDER FACE's validation set, longer side 416 pixels",
        "same_face_iou": SAME_FACE_IOU,
        "at_min_score": {str(score): measure(model, labelled, score).as_numbers() for score in min_scores},
        "in_grey": {str(score): measure(model, labelled, score, grey=True).as_numbers() for score in min_scores},
    }


def _matched(faces: list[Face], boxes: list[Box]) -> tuple[set[int], int]:
    """The numbers of the boxes that were found, each by one face, likeliest first; and how many faces match none."""
    hits: set[int] = set()
    false = 0
    for face in faces:
        overlap, best = max(((face.box.iou(box), n) for n, box in enumerate(boxes) if n not in hits), default=(0.0, -1))
        if overlap >= SAME_FACE_IOU:
            hits.add(best)
        else:
            false += 1
    return hits, false


def table(recalls: list[Recall]) -> str:
    lines = ["min_score  " + "  ".join(f">={height} px" for height in HEIGHTS_PX) + "  false/picture"]
    for recall in recalls:
        shares = "  ".join(f"{share:7.3f}" for share in recall.found.values())
        lines.append(f"{recall.min_score:9.2f}  {shares}  {recall.false_per_picture:13.2f}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.recall", description="Measure the face detector.")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with images/ and boxes.csv")
    parser.add_argument("--model", type=Path, default=Path("models/face.tflite"))
    parser.add_argument("--scores", type=float, nargs="+", default=MIN_SCORES, metavar="S", help="thresholds, 0..1")
    parser.add_argument("--tiles", type=int, default=1, choices=sorted(TRUST), help="along a side, as in [face] tiles")
    options = parser.parse_args(arguments)
    try:
        labelled = read_boxes(options.pictures)
        recalls = [measure(options.model, labelled, score, options.tiles) for score in options.scores]
    except (EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.recall: {err}\n")
        return 2
    sys.stdout.write(table(recalls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
