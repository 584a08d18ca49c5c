"""What light, sensor, lens and compression do to a training picture. Milliseconds a picture at most."""

from __future__ import annotations

import math

import cv2
import numpy as np

NOISE = np.random.default_rng(1).standard_normal((768, 768)).astype(np.float32)
"""Sensor noise is cut out of this: drawing it anew would take longer than all the rest."""


def seen_by_camera(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(H, W) uint8 to a new (H, W) uint8."""
    if random.random() < 0.25:
        grey = _blurred(grey, random)
    grey = cv2.LUT(grey, _tone(random))
    if random.random() < 0.15:
        grey = _side_lit(grey, random)
    if random.random() < 0.3:
        grey = _noisy(grey, random)
    if random.random() < 0.1:
        _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 80))])
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return grey


def _tone(random: np.random.Generator) -> np.ndarray:
    contrast, brightness, gamma = random.uniform(-1, 1, 3) * (0.3, 0.15, 0.5)
    tone = np.linspace(0, 1, 256) ** (2**gamma)
    tone = (tone - 0.5) * (1 + contrast) + 0.5 + brightness
    if random.random() < 0.1:
        tone = tone * random.uniform(0.2, 0.7)
    return (np.clip(tone, 0, 1) * 255 + 0.5).astype(np.uint8)


def _blurred(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if random.random() < 0.7:
        return cv2.GaussianBlur(grey, (0, 0), random.uniform(0.4, 1.4))
    length = int(random.integers(3, 7))
    if random.random() < 0.5:
        return cv2.blur(grey, (length, 1))
    return cv2.blur(grey, (1, length))


def _side_lit(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    near, far = random.uniform(0.3, 1.0, 2)
    angle = random.uniform(0, 2 * math.pi)
    across, down = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in grey.shape[::-1])
    place = np.clip(0.5 + across[None, :] * math.cos(angle) + down[:, None] * math.sin(angle), 0, 1)
    return (grey * (near + (far - near) * place) + 0.5).astype(np.uint8)


def _noisy(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    height, width = grey.shape
    top, left = random.integers(0, len(NOISE) - height), random.integers(0, len(NOISE) - width)
    noise = NOISE[top : top + height, left : left + width] * np.float32(random.uniform(2, 14))
    return np.clip(grey + noise, 0, 255).astype(np.uint8)
