"""Fourteen ways in which a camera or a scene spoils a face, each with one fixed strength and fixed random numbers."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(S, S) uint8 and random numbers to a new (S, S) uint8."""


def corrupted(images: np.ndarray, name: str) -> np.ndarray:
    """(N, S, S) uint8 spoilt the same way at every call. name: a key of CORRUPTIONS."""
    random = np.random.default_rng(list(CORRUPTIONS).index(name))
    return np.stack([CORRUPTIONS[name](image, random) for image in images])


def fewer_pixels(image: np.ndarray, side: int) -> np.ndarray:
    """Reduced to (side, side) by averaging, which must divide the picture's side, and enlarged again."""
    block = image.shape[0] // side
    mean = image.reshape(side, block, side, block).mean(axis=(1, 3))
    return cv2.resize(_pixels(mean), image.shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT)


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def brightened(image: np.ndarray, factor: float) -> np.ndarray:
    return _pixels(image * factor)


def _noise(sigma: float) -> Corruption:
    return lambda image, random: _pixels(image + random.normal(0, sigma, image.shape))


def _rotated(image: np.ndarray, random: np.random.Generator, degrees: float) -> np.ndarray:
    centre = (image.shape[0] - 1) / 2
    turn = cv2.getRotationMatrix2D((centre, centre), random.choice((-1, 1)) * degrees, 1)
    return cv2.warpAffine(image, turn, image.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def _covered(image: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Black between two heights, given as fractions of the side."""
    result = image.copy()
    result[round(top * len(image)) : round(bottom * len(image))] = 0
    return result


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


CORRUPTIONS: dict[str, Corruption] = {
    "noise σ 10": _noise(10),
    "noise σ 20": _noise(20),
    "blur σ 1": lambda image, _: blurred(image, 1),
    "blur σ 2": lambda image, _: blurred(image, 2),
    "brightness × 0.4": lambda image, _: brightened(image, 0.4),
    "brightness × 1.6": lambda image, _: brightened(image, 1.6),
    "contrast × 0.5": lambda image, _: _pixels((image - 127.5) * 0.5 + 127.5),
    "rotated 15°": lambda image, random: _rotated(image, random, 15),
    "rotated 30°": lambda image, random: _rotated(image, random, 30),
    "24 px": lambda image, _: fewer_pixels(image, 24),
    "16 px": lambda image, _: fewer_pixels(image, 16),
    "JPEG 20": lambda image, _: _jpeg(image, 20),
    "lower half covered": lambda image, _: _covered(image, 0.5, 1.0),
    "eyes covered": lambda image, _: _covered(image, 0.25, 0.52),
}
