"""Change a training face the way cameras, detectors and people do. OpenCV and numpy on the CPU: microseconds a face.

Keras's random layers inside the model compile for minutes on some GPUs; here the GPU only sees finished batches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from training import light


@dataclass(frozen=True)
class Augmentation:
    """How far a training face may be changed. Ranges are symmetric unless said otherwise."""

    rotation_deg: float = 12.0
    tilt_probability: float = 0.15
    tilt_deg: float = 32.0
    """So many faces are turned as far as this instead: a head on a shoulder, a camera hung crooked."""
    scale: float = 0.14
    shift: float = 0.12
    """Of the picture's side."""
    contrast: float = 0.25
    brightness: float = 0.12
    """Of the full range 0..255."""
    gamma: float = 0.3
    """Exponent 2**u, u within this range."""
    dim_probability: float = 0.15
    """Darkened evenly, or from one side: evening rooms and windows."""
    erase_probability: float = 0.4
    erase_px: tuple[int, int] = (6, 20)
    cover_probability: float = 0.12
    """A band of one grey across the face: sunglasses, a mask, a cup, a scarf."""
    degrade_probability: float = 0.3
    """One of: fewer pixels, blur, sensor noise, JPEG: what small and badly lit faces look like to a camera."""

    def at(self, strength: float) -> Augmentation:
        """The same changes, 0 (none but the mirror image and tone) to 1 (as written) as far and as often."""
        return replace(
            self,
            rotation_deg=self.rotation_deg * strength,
            tilt_probability=self.tilt_probability * strength,
            scale=self.scale * strength,
            shift=self.shift * strength,
            dim_probability=self.dim_probability * strength,
            erase_probability=self.erase_probability * strength,
            cover_probability=self.cover_probability * strength,
            degrade_probability=self.degrade_probability * strength,
        )


def augmented(image: np.ndarray, knobs: Augmentation, random: np.random.Generator) -> np.ndarray:
    """One random change of one face. image: (S, S) uint8. Returns a new (S, S) uint8."""
    face = _moved(image, knobs, random)
    if random.random() < knobs.degrade_probability:
        face = _DEGRADATIONS[random.integers(len(_DEGRADATIONS))](face, random)
    face = _toned(face, knobs, random)
    if random.random() < knobs.dim_probability:
        face = _dimmed(face, random)
    if random.random() < knobs.erase_probability:
        _erase(face, knobs, random)
    if random.random() < knobs.cover_probability:
        _cover(face, random)
    return face


def _moved(image: np.ndarray, knobs: Augmentation, random: np.random.Generator) -> np.ndarray:
    side = image.shape[0]
    turn, zoom, right, down = random.uniform(-1, 1, 4)
    centre = (side - 1) / 2
    furthest = knobs.tilt_deg if random.random() < knobs.tilt_probability else knobs.rotation_deg
    matrix = cv2.getRotationMatrix2D((centre, centre), turn * furthest, 1 + zoom * knobs.scale)
    if random.random() < 0.5:
        matrix = matrix @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1.0]])
    matrix[:, 2] += np.array([right, down]) * knobs.shift * side
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _toned(face: np.ndarray, knobs: Augmentation, random: np.random.Generator) -> np.ndarray:
    contrast, brightness, gamma = random.uniform(-1, 1, 3) * (knobs.contrast, knobs.brightness, knobs.gamma)
    return light.toned(face, light.tone_curve(contrast, brightness, gamma))


def _dimmed(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Darker on one side, or evenly."""
    near, far = random.uniform(0.3, 1.0, 2) if random.random() < 0.5 else np.repeat(random.uniform(0.3, 0.8), 2)
    return light.lit_from_a_side(face, near, far, random.uniform(0, 2 * math.pi))


def _cover(face: np.ndarray, random: np.random.Generator) -> None:
    """A band over the eyes, or everything from the nose or the mouth down."""
    side = face.shape[0]
    if random.random() < 0.5:
        top, bottom = random.uniform(0.2, 0.32), random.uniform(0.42, 0.54)
    else:
        top, bottom = random.uniform(0.48, 0.7), 1.0
    face[round(top * side) : round(bottom * side)] = random.integers(256)


def _erase(face: np.ndarray, knobs: Augmentation, random: np.random.Generator) -> None:
    height, width = random.integers(knobs.erase_px[0], knobs.erase_px[1], 2, endpoint=True)
    top, left = random.integers(0, face.shape[0] - height), random.integers(0, face.shape[1] - width)
    face[top : top + height, left : left + width] = random.integers(256)


def _fewer_pixels(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    small = int(random.integers(14, 36))
    reduced = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, face.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _blurred(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(face, (0, 0), random.uniform(0.5, 2.2))


def _noisy(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    noise = random.normal(0, random.uniform(3, 22), face.shape)
    return np.clip(face + noise, 0, 255).astype(np.uint8)


def _jpeg(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return light.compressed(face, int(random.integers(15, 60)))


_DEGRADATIONS = (_fewer_pixels, _blurred, _noisy, _jpeg)
