"""What light and compression do to grey pictures: shared by the views that emotions and detectors train on."""

from __future__ import annotations

import math

import cv2
import numpy as np


def tone_curve(contrast: float, brightness: float, gamma: float) -> np.ndarray:
    """(256,) float in 0..1, for each grey level 0..255 the one it becomes, not yet clipped.

    contrast: 0 leaves it. brightness: added, of the full range. gamma: the exponent is 2 to its power.
    """
    tone = np.linspace(0, 1, 256) ** (2**gamma)
    return (tone - 0.5) * (1 + contrast) + 0.5 + brightness


def toned(grey: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """(H, W) uint8 through a tone curve to a new (H, W) uint8."""
    return cv2.LUT(grey, (np.clip(curve, 0, 1) * 255 + 0.5).astype(np.uint8))


def lit_from_a_side(grey: np.ndarray, near: float, far: float, angle: float) -> np.ndarray:
    """Light that falls from `near` to `far`, parts of the full light, in the direction of `angle` (radians)."""
    across, down = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in grey.shape[::-1])
    place = np.clip(0.5 + across[None, :] * math.cos(angle) + down[:, None] * math.sin(angle), 0, 1)
    return (grey * (near + (far - near) * place) + 0.5).astype(np.uint8)


def blurred(picture: np.ndarray, random: np.random.Generator, lengths: tuple[int, int]) -> np.ndarray:
    """A grey or colour picture out of focus, or moved across or down by lengths[0] to lengths[1] - 1 pixels."""
    if random.random() < 0.7:
        return cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.4))
    length = int(random.integers(*lengths))
    return cv2.blur(picture, (length, 1) if random.random() < 0.5 else (1, length))


def compressed(grey: np.ndarray, quality: int) -> np.ndarray:
    """(H, W) uint8 as JPEG of this quality, 0..100, gives it back."""
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
