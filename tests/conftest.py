"""Shared by all tests: where real pictures may lie, and small builders of values."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.types import Box, Face

MEDIA = Path(__file__).parents[2] / "shared" / "media"


@pytest.fixture(scope="session")
def media() -> Path:
    """Real photographs and clips; they belong to third parties and are not in the repository."""
    if not MEDIA.is_dir():
        pytest.skip("needs the folder of real photographs beside the repository")
    return MEDIA


def face_at(x: float, y: float, width: float = 60.0, score: float = 0.9) -> Face:
    """A face whose box is square and centred at (x, y)."""
    half = width / 2
    points = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [0, 0.25]], dtype=np.float32) * width
    return Face(Box(x - half, y - half, x + half, y + half), score, points + np.float32([x, y]))


def textured(width: int, height: int, seed: int = 1) -> np.ndarray:
    """(height, width, 3) BGR without a face, but with something to follow everywhere."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
