"""Face detectors in worse pictures: average precision without colour, in the dark, in light of one colour, blurred."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from edge.detectors import Detector
from edge.types import Image
from quantize.compare_detectors import HEIGHTS_PX, Pictures, truths
from quantize.recall import SAME_FACE_IOU
from training.detection.scoring import found_by
from training.reports.tables import markdown

Change = Callable[[Image, np.random.Generator], Image]


def _in_light(blue: float, green: float, red: float) -> Change:
    return lambda picture, _: (picture * np.array((blue, green, red))).astype(np.uint8)


def _without_colour(picture: Image, _: np.random.Generator) -> Image:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]


def _dim_and_noisy(picture: Image, random: np.random.Generator) -> Image:
    return np.clip(picture * 0.35 + random.normal(0, 10, picture.shape), 0, 255).astype(np.uint8)


def _blurred(picture: Image, _: np.random.Generator) -> Image:
    return cv2.GaussianBlur(picture, (0, 0), 1.2)  # type: ignore[return-value]


CONDITIONS: dict[str, Change] = {
    "as they are": lambda picture, _: picture,
    "grey": _without_colour,
    "dim (× 0.3)": _in_light(0.3, 0.3, 0.3),
    "dim (× 0.35), noise σ 10": _dim_and_noisy,
    "red light": _in_light(0.3, 0.4, 1.0),
    "blue light": _in_light(1.0, 0.5, 0.3),
    "blur σ 1.2": _blurred,
}


def table(detectors: dict[str, Detector], pictures: Pictures) -> str:
    """Markdown. The same pictures and the same noise for all."""
    wanted = truths(pictures, HEIGHTS_PX[0])
    rows = []
    for name, change in CONDITIONS.items():
        random = np.random.default_rng(1)
        images = [np.ascontiguousarray(change(image, random)) for image in pictures.images]
        matches = (found_by(detector.detect, images, wanted, SAME_FACE_IOU) for detector in detectors.values())
        rows.append((name, *(f"{one.average_precision():.3f}" for one in matches)))
    return markdown(("average precision", *detectors), rows)
