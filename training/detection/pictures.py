"""The pictures of a run, decoded once into grey memory, and which of them are kept aside to choose the best epoch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from training.data import DataError
from training.detection.annotations import Annotated

LONGEST_PX = 448
"""Pictures are reduced to this: the network's input is 320 wide."""

KEPT_ASIDE_ONE_IN = 16
ONE_CAMERA = "bav_"
"""Hundreds of pictures of one room: all of them train, one kept aside would tell nothing."""


@dataclass(frozen=True)
class Picture:
    """grey: (H, W) uint8. The rest as in Annotated, in its pixels."""

    grey: np.ndarray
    faces: Annotated


def is_kept_aside(name: str) -> bool:
    """By the checksum of the file's name, so that the choice needs no list and never changes."""
    return not name.startswith(ONE_CAMERA) and zlib.crc32(name.encode()) % KEPT_ASIDE_ONE_IN == 0


def load(annotated: Sequence[Annotated]) -> list[Picture]:
    """All of them in memory: 5,000 take 600 MB. Raises DataError where one cannot be read."""
    with ThreadPoolExecutor() as workers:
        return list(workers.map(_load, annotated))


def _load(faces: Annotated) -> Picture:
    grey = cv2.imread(str(faces.path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise DataError(f"{faces.path} is not a readable picture; delete it or its row")
    scale = LONGEST_PX / max(grey.shape)
    if scale >= 1:
        return Picture(grey, faces)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    reduced = Annotated(faces.path, faces.boxes * scale, faces.ignored, faces.covered, faces.points * scale)
    return Picture(small, reduced)
