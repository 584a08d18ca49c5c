"""What crop rule, alignment and quality limits are worth: `python -m training.worth --data DIR --scenes DIR`.

Labelled faces are pasted into photographs without people, tilted, of all sizes, found again by the device's own
detector, cut by several rules, and named. The set is PublicTest by the crowd's majority, or with `--ck DIR` the later
half of CK+'s people; neither has taught the shipped model anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge import quality
from edge.config import FaceConfig
from edge.detectors import Detector, open_detector
from edge.emotion.classifier import EmotionClassifier
from edge.emotion.crop import DOWN_PER_REACH, SIDE_PER_REACH, crop_square, face_input
from edge.emotion.tflite import find_model
from edge.errors import EdgeError
from edge.types import Box, Face, Frame
from training.corruptions import blurred
from training.data import FaceSet
from training.errors import DataError
from training.held_out import later_half
from training.sources import read_source

WIDTH, HEIGHT = 640, 480
SIDES_PX = (36, 200)
"""Of a pasted picture, evenly on a logarithmic scale; a face's box takes nine tenths of it."""
MOST_TILT_DEG = 30.0
MOST_BLUR = 0.08
"""Standard deviation in sides of the picture, for the faces that are spoilt: at the most a shade is left."""
SAME_FACE_IOU = 0.3
BINS = 6

Rule = Callable[[Face], np.ndarray]
"""From a detected face to the points that `face_input` cuts by."""


@dataclass(frozen=True)
class Pasted:
    """One picture in a grey scene, and where the face should be found."""

    scene: np.ndarray
    box: Box
    tilt_deg: float


def upright(centre_x: float, centre_y: float, side: float) -> np.ndarray:
    """Points of a level face that `face_input` cuts by this square."""
    reach = side / SIDE_PER_REACH
    eyes_y = centre_y - DOWN_PER_REACH * reach
    eye = 0.5 * reach
    rows = [(centre_x - eye, eyes_y), (centre_x + eye, eyes_y), (centre_x, centre_y), (centre_x, eyes_y + reach)]
    return np.array(rows, np.float32)


RULES: dict[str, Rule] = {
    "as the device cuts": lambda face: face.points,
    "the same, not turned": lambda face: upright(*crop_square(face.points)[:3]),
    "1.13 box widths, not turned": lambda face: upright(
        face.box.centre[0], face.box.centre[1] - 0.045 * face.box.width, 1.13 * face.box.width
    ),
    "the box itself": lambda face: upright(*face.box.centre, face.box.width),
    "1.4 box widths": lambda face: upright(*face.box.centre, 1.4 * face.box.width),
}


def pasted(picture: np.ndarray, scene: np.ndarray, chance: np.random.Generator, *, spoilt: bool) -> Pasted:
    """A (S, S) grey picture on a grey scene. spoilt: blurred, and reaching over the scene's edge, by chance."""
    side = float(np.exp(chance.uniform(*np.log(SIDES_PX))))
    tilt = chance.uniform(-MOST_TILT_DEG, MOST_TILT_DEG)
    low = -0.4 * side if spoilt else 0.7 * side
    x, y = chance.uniform(low, WIDTH - low), chance.uniform(low, HEIGHT - low)
    if not spoilt:
        x, y = min(max(x, low), WIDTH - low), min(max(y, low), HEIGHT - low)
    scale = side / len(picture)
    move = cv2.getRotationMatrix2D(((len(picture) - 1) / 2,) * 2, tilt, scale)
    move[:, 2] += np.array((x, y)) - (len(picture) - 1) / 2
    mask = np.zeros(picture.shape, np.float32)
    mask[1:-1, 1:-1] = 1
    source = picture if scale > 1 else cv2.GaussianBlur(picture, (0, 0), 0.5 / scale)
    face = cv2.warpAffine(source, move, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(cv2.GaussianBlur(mask, (3, 3), 0), move, (WIDTH, HEIGHT))
    image = np.clip(np.rint(share * face + (1 - share) * scene), 0, 255).astype(np.uint8)
    if spoilt:
        image = blurred(image, max(0.1, chance.uniform(0, MOST_BLUR) * side))
    half = 0.45 * side
    return Pasted(image, Box(x - half, y - half, x + half, y + half), abs(tilt))


class Cuts:
    """What came of a set of pasted faces: a row a face that was found."""

    def __init__(
        self, faces: FaceSet, scenes: list[np.ndarray], detector: Detector, size: int, *, spoilt: bool
    ) -> None:
        chance = np.random.default_rng(0)
        self.crops: dict[str, list[np.ndarray]] = {name: [] for name in RULES}
        self.measures: dict[str, list[float]] = {name: [] for name in ("size", "score", "inside", "turn", "sharpness")}
        self.tilts, rows = [], []
        for row, picture in enumerate(faces.images):
            one = pasted(picture, scenes[row % len(scenes)], chance, spoilt=spoilt)
            face = next((face for face in detector.detect(one.scene) if face.box.iou(one.box) >= SAME_FACE_IOU), None)
            if face is None:
                continue
            rows.append(row)
            self.tilts.append(one.tilt_deg)
            for name, rule in RULES.items():
                self.crops[name].append(face_input(one.scene, rule(face), size))
            frame = Frame(one.scene, 0.0, 0.0, 0)
            sharp = quality.sharpness(self.crops["as the device cuts"][-1])
            values = (face.box.width, face.score, quality.inside(face, frame.image), quality.turn(face.points), sharp)
            for name, value in zip(self.measures, values, strict=True):
                self.measures[name].append(value)
        self.faces, self.rows = faces.take(np.array(rows)), rows

    def right(self, classifier: EmotionClassifier, rule: str) -> np.ndarray:
        """(N,) whether each face is named as its label says."""
        return classifier.classify(self.crops[rule]).argmax(axis=1) == self.faces.labels


def by_rule(cuts: Cuts, classifier: EmotionClassifier) -> str:
    """Accuracy by rule: of all, and of those tilted by more than 15 degrees."""
    tilted = np.array(cuts.tilts) > 15
    whole = classifier.classify([*cuts.faces.images]).argmax(axis=1) == cuts.faces.labels
    lines = [f"{'accuracy by crop rule':32}{'all':>8}{'tilted':>8}  ({len(tilted)} faces, {tilted.sum()} beyond 15°)"]
    for name in RULES:
        right = cuts.right(classifier, name)
        lines.append(f"{name:32}{right.mean():8.1%}{right[tilted].mean():8.1%}")
    lines.append(f"{'the original 48 px picture':32}{whole.mean():8.1%}{whole[tilted].mean():8.1%}")
    return "\n".join(lines)


def by_quality(cuts: Cuts, classifier: EmotionClassifier) -> str:
    """Accuracy in bins of equally many faces, by each measure."""
    right = cuts.right(classifier, "as the device cuts")
    lines = [f"accuracy by what a face shows ({len(right)} faces, of which {right.mean():.1%} right)"]
    for name, values in cuts.measures.items():
        edges = np.quantile(values, np.linspace(0, 1, BINS + 1))
        order = np.array_split(np.argsort(values, kind="stable"), BINS)
        shares = "".join(f"{low:9.3g}–{right[rows].mean():.0%}" for low, rows in zip(edges, order, strict=False))
        lines.append(f"{name:10}{shares}{edges[-1]:9.3g}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.worth", description="What crop rule and quality limits are worth.")
    parser.add_argument("--data", type=Path, required=True, help="folder with fer2013.csv and fer2013new.csv")
    parser.add_argument("--scenes", type=Path, required=True, help="folder of photographs without people")
    parser.add_argument("--ck", type=Path, help="folder of CK+ faces by emotion: use these instead")
    parser.add_argument("--limit", type=int, default=1200, help="faces, evenly from the set (default: 1200)")
    parser.add_argument("--model", default="emotion", help="emotion model: a name or a path")
    parser.add_argument("--face", default="face", help="face detector: a name or a path")
    options = parser.parse_args(arguments)
    try:
        detector = open_detector(FaceConfig(model=options.face, min_score=0.3))
        classifier = EmotionClassifier(find_model(options.model), "balanced" if options.ck else "everyday")
        faces = _labelled(options.data, options.ck)
        scenes = _scenes(options.scenes)
    except EdgeError as err:
        sys.stderr.write(f"training.worth: {err}\n")
        return 2
    faces = faces.take(np.arange(len(faces))[:: max(1, len(faces) // options.limit)][: options.limit])
    sys.stdout.write(by_rule(Cuts(faces, scenes, detector, classifier.size, spoilt=False), classifier) + "\n\n")
    sys.stdout.write(by_quality(Cuts(faces, scenes, detector, classifier.size, spoilt=True), classifier) + "\n")
    return 0


def _labelled(data: Path, ck: Path | None) -> FaceSet:
    if ck is not None:
        return later_half(ck)[0]
    return read_source(data)["PublicTest"].labelled()


def _scenes(folder: Path) -> list[np.ndarray]:
    """(HEIGHT, WIDTH) grey photographs. Raises DataError where there is none."""
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(folder.glob("*.jpg"))]
    scenes = [cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for picture in pictures]
    if not scenes:
        raise DataError(f"{folder} holds no .jpg pictures; name a folder of photographs without people")
    return scenes


if __name__ == "__main__":
    sys.exit(main())
