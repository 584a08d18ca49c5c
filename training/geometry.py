"""Where faces lie in FER2013's pictures, and what crop rule follows: `python -m training.geometry --data DIR`.

`edge/emotion/crop.py` imitates the frame of FER2013, which nobody described. This file finds the faces of enlarged
Training pictures again and prints the constants that lead from their points back to the frame. It imports
`edge.detectors`, since the rule must fit the points that the device's own detector gives. What the rule is worth says
`training/worth.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from edge.config import FaceConfig
from edge.detectors import Detector, open_detector
from edge.emotion.crop import DOWN_PER_REACH, SIDE_PER_REACH, crop_square
from edge.errors import EdgeError
from edge.types import Face
from training.data import SIDE, read_fer2013

ENLARGED = 4
MARGIN = 24
"""Replicated border around a picture, in its own 48 px units: the detector expects more than a face."""

MEASURES = ("box centre x", "box centre y", "box width", "eyes y", "eyes apart", "mouth y")
CONSTANTS = ("side per reach", "down per reach", "right per reach", "side per box width", "up per box width")


def likeliest(detector: Detector, image: np.ndarray) -> Face | None:
    return next(iter(detector.detect(image)), None)


def enlarged_with_margin(picture: np.ndarray) -> np.ndarray:
    """A (48, 48) picture ENLARGED times, its border repeated MARGIN units outwards."""
    large = cv2.resize(picture, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(large, *([MARGIN * ENLARGED] * 4), cv2.BORDER_REPLICATE)


def measures(face: Face) -> list[float]:
    """MEASURES, then CONSTANTS, of a face found in a picture of `enlarged_with_margin`; lengths in 48 px units."""
    points = face.points / ENLARGED - MARGIN
    x, y = (value / ENLARGED - MARGIN for value in face.box.centre)
    width = face.box.width / ENLARGED
    eyes, apart = points[:2].mean(axis=0), np.linalg.norm(points[1] - points[0])
    centre_x, centre_y, side, cosine, sine = crop_square(points)
    reach = side / SIDE_PER_REACH
    # From the middle of the rule's square to the middle of the frame, in the face's own level axes.
    dx, dy = SIDE / 2 - centre_x, SIDE / 2 - centre_y
    right, down = dx * cosine + dy * sine, dy * cosine - dx * sine
    constants = [SIDE / reach, DOWN_PER_REACH + down / reach, right / reach, SIDE / width, (y - SIDE / 2) / width]
    return [x, y, width, eyes[1], float(apart), points[3][1], *constants]


def quartile_table(pictures: np.ndarray, detector: Detector) -> str:
    """Quartiles of MEASURES and CONSTANTS over the pictures in which a face is found, and the rule in force."""
    found = [likeliest(detector, enlarged_with_margin(picture)) for picture in pictures]
    rows = np.array([measures(face) for face in found if face is not None])
    lines = [f"a face found in {len(rows)} of {len(pictures)} pictures; quartiles, lengths in {SIDE} px units"]
    for name, column in zip((*MEASURES, *CONSTANTS), rows.T, strict=True):
        lines.append(f"{name:20}" + "".join(f"{value:9.3f}" for value in np.percentile(column, (25, 50, 75))))
    lines.append(f"edge/emotion/crop.py: side per reach {SIDE_PER_REACH}, down per reach {DOWN_PER_REACH}, right 0")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.geometry", description="Measure where FER2013's faces lie.")
    parser.add_argument("--data", type=Path, required=True, help="folder with fer2013.csv")
    parser.add_argument("--limit", type=int, default=4000, help="pictures to look at, evenly from the split")
    parser.add_argument("--model", default="face", help="face detector: a name or a path")
    options = parser.parse_args(arguments)
    try:
        # Every picture has one face: a lower threshold than on the device loses fewer and cannot invent one.
        detector = open_detector(FaceConfig(model=options.model, min_score=0.3))
        splits = read_fer2013(options.data / "fer2013.csv")
    except EdgeError as err:
        sys.stderr.write(f"training.geometry: {err}\n")
        return 2
    faces = splits["Training"]
    faces = faces.take(np.arange(len(faces))[:: max(1, len(faces) // options.limit)][: options.limit])
    sys.stdout.write(quartile_table(faces.images, detector) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
