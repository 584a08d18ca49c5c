"""What a worse camera makes of a colour picture: one without colour, in light of one colour, dim, noisy, blurred."""

from __future__ import annotations

import math

import cv2
import numpy as np

from training import light
from training.detection.camera import NOISE

UNTOUCHED = 0.2
"""The share of pictures that stay as they are."""


def seen_in_bad_light(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 BGR to a new one, or the same."""
    if random.random() < UNTOUCHED:
        return picture
    if random.random() < 0.3:
        picture = light.blurred(picture, random, (2, 6))
    picture = _recoloured(picture, random)
    if random.random() < 0.5:
        picture = _toned(picture, random)
    if random.random() < 0.4:
        picture = _noisy(picture, random)
    if random.random() < 0.15:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 80))])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture


def _recoloured(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Grey, in coloured light, grey as an infrared camera weighs the colours, or as it is."""
    choice = random.random()
    if choice < 0.35:
        return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if choice < 0.6:
        gains = np.exp(random.uniform(math.log(0.3), 0, 3))
        return (picture * (gains / gains.max())).astype(np.uint8)
    if choice < 0.7:
        return cv2.cvtColor((picture @ random.dirichlet((1, 1, 1))).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    return picture


def _toned(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Other contrast, brightness and gamma, half of the time dimmed."""
    contrast, brightness, gamma = random.uniform(-1, 1, 3) * (0.35, 0.15, 0.6)
    curve = light.tone_curve(contrast, brightness, gamma)
    return light.toned(picture, curve * random.uniform(0.15, 0.8) if random.random() < 0.5 else curve)


def _noisy(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The same noise in all colours where there are none, as a grey sensor has it."""
    strength = np.float32(random.uniform(2, 14))
    is_grey = bool((picture[..., 0] == picture[..., 1]).all())
    planes = 1 if is_grey or random.random() < 0.4 else 3
    noise = np.stack([_cut(picture.shape[0], picture.shape[1], random) for _ in range(planes)], axis=-1)
    return np.clip(picture + noise * strength, 0, 255).astype(np.uint8)


def _cut(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    top, left = random.integers(0, len(NOISE) - height), random.integers(0, len(NOISE) - width)
    return NOISE[top : top + height, left : left + width]
