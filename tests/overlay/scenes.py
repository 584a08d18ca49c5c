"""Pictures and faces to draw on."""

from __future__ import annotations

import numpy as np

from edge.emotion.labels import LABELS
from edge.types import Box, Face, Frame, Image, Result, Status, Track

NO_POINTS = np.zeros((4, 2), np.float32)
STATUS = Status("running", "demo", fps=29.6, temperature_c=54.2)


def track(number: int, box: Box, label: str, confidence: float = 0.9, uncertain: bool = False) -> Track:
    probabilities = np.full(len(LABELS), (1 - confidence) / (len(LABELS) - 1))
    probabilities[LABELS.index(label)] = confidence
    return Track(number, Face(box, 0.98, NO_POINTS), probabilities, uncertain, label)


def result(
    image: Image, *tracks: Track, time: float = 1.0, file: str | None = None, others: tuple[Box, ...] = ()
) -> Result:
    return Result(Frame(image, time, 0.0, 1, file), time, tracks, others=others)


def noise(width: int = 640, height: int = 480) -> Image:
    return np.random.default_rng(1).integers(60, 200, (height, width, 3), dtype=np.uint8)


def flat(width: int = 640, height: int = 480, value: int = 128) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def scene() -> Image:
    """A made-up background: gradients and a checkered part, so that blending shows."""
    y, x = np.mgrid[0:480, 0:640]
    picture = np.stack([x * 255 // 639, y * 255 // 479, 255 - x * 255 // 639], axis=-1).astype(np.uint8)
    picture[300:480, 0:200] = np.where((x + y)[300:480, 0:200, None] // 20 % 2 == 0, 230, 25)
    return picture


def changed(before: Image, after: Image) -> Image:
    return np.any(before != after, axis=-1)  # type: ignore[return-value]
