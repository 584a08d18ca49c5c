"""What light, sensor, lens and compression do to a training picture. Milliseconds a picture at most."""

from __future__ import annotations

import math

import numpy as np

from training import light

NOISE = np.random.default_rng(1).standard_normal((768, 768)).astype(np.float32)
"""Sensor noise is cut out of this: drawing it anew would take longer than all the rest."""


def seen_by_camera(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(H, W) uint8 to a new (H, W) uint8."""
    if random.random() < 0.25:
        grey = light.blurred(grey, random, (3, 7))
    grey = _toned(grey, random)
    if random.random() < 0.15:
        near, far = random.uniform(0.3, 1.0, 2)
        grey = light.lit_from_a_side(grey, near, far, random.uniform(0, 2 * math.pi))
    if random.random() < 0.3:
        grey = _noisy(grey, random)
    if random.random() < 0.1:
        grey = light.compressed(grey, int(random.integers(20, 80)))
    return grey


def _toned(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    contrast, brightness, gamma = random.uniform(-1, 1, 3) * (0.3, 0.15, 0.5)
    curve = light.tone_curve(contrast, brightness, gamma)
    return light.toned(grey, curve * random.uniform(0.2, 0.7) if random.random() < 0.1 else curve)


def _noisy(grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
    height, width = grey.shape
    top, left = random.integers(0, len(NOISE) - height), random.integers(0, len(NOISE) - width)
    noise = NOISE[top : top + height, left : left + width] * np.float32(random.uniform(2, 14))
    return np.clip(grey + noise, 0, 255).astype(np.uint8)
