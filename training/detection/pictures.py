"""The pictures of a run, decoded once into grey memory, and which of them are kept aside to choose the best epoch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.detection.annotations import Annotated, Complaints
from training.detection.sources import read_annotations
from training.errors import DataError

LONGEST_PX = 448
"""Pictures are reduced to this: the network's input is 320 wide."""

KEPT_ASIDE_ONE_IN = 16
ONE_CAMERA = "bav_"
"""Hundreds of pictures of one room: all of them train, one kept aside would tell nothing."""


@dataclass(frozen=True)
class Picture:
    """grey: (H, W) uint8. faces: in its pixels."""

    grey: np.ndarray
    faces: Annotated


def is_kept_aside(name: str) -> bool:
    """By the checksum of the file's name, so that the choice needs no list and never changes."""
    return not name.startswith(ONE_CAMERA) and zlib.crc32(name.encode()) % KEPT_ASIDE_ONE_IN == 0


def read_pictures(folder: Path) -> tuple[list[Picture], list[Picture]]:
    """To train on, and kept aside. What is wrong with single pictures or boxes is logged and left out.

    Raises DataError where the folder is in no known format or nothing is left.
    """
    complaints = Complaints()
    pictures = load(read_annotations(folder, complaints), complaints)
    complaints.log()
    parts: tuple[list[Picture], list[Picture]] = ([], [])
    for picture in pictures:
        parts[is_kept_aside(picture.faces.path.name)].append(picture)
    for part, purpose in zip(parts, ("to train on", "kept aside to choose the best epoch"), strict=True):
        if not any((~picture.faces.ignored).any() for picture in part):
            raise DataError(f"{folder} holds no usable face {purpose}: nothing to train")
    return parts


def load(annotated: Sequence[Annotated], complaints: Complaints) -> list[Picture]:
    """All that can be read, in memory: 5,000 take 600 MB."""
    with ThreadPoolExecutor() as workers:
        greys = list(workers.map(_reduced, annotated))
    pictures = []
    for faces, (grey, full) in zip(annotated, greys, strict=True):
        if grey is None:
            complaints.add("pictures that cannot be read", str(faces.path))
            continue
        width, height = (1, 1) if faces.in_shares else full
        usable = _usable(faces, width, height, complaints)
        pictures.append(Picture(grey, usable.scaled(grey.shape[1] / width, grey.shape[0] / height)))
    return pictures


def _reduced(faces: Annotated) -> tuple[np.ndarray | None, tuple[int, int]]:
    """The picture in grey, at most LONGEST_PX, or None; and its own width and height."""
    grey = cv2.imread(str(faces.path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        return None, (0, 0)
    full = (grey.shape[1], grey.shape[0])
    scale = LONGEST_PX / max(full)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return grey, full


def _usable(faces: Annotated, width: float, height: float, complaints: Complaints) -> Annotated:
    """The boxes cut at the picture's edges, without those of no size or wholly outside."""
    boxes = np.clip(faces.boxes, 0, np.array([width, height] * 2, np.float32))
    sized = (faces.boxes[:, 2:] > faces.boxes[:, :2]).all(axis=1)
    inside = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    for number in np.flatnonzero(~inside):
        what = "boxes outside their picture" if sized[number] else "boxes of no size"
        complaints.add(what, f"{faces.path.name} box {number + 1}")
    cut = Annotated(faces.path, boxes, faces.ignored, faces.covered, faces.points, faces.in_shares)
    return cut.only(inside)
