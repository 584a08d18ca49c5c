"""Pictures of any classes, one folder a class."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np

from training.data import FaceSet
from training.errors import DataError
from training.pictures import SUFFIXES

log = logging.getLogger(__name__)


def class_names(folder: Path, labels: tuple[str, ...] | None, classes: int) -> tuple[str, ...]:
    """What the network's answers are called: the labels, or the folder's folders sorted. Raises DataError."""
    found = sorted(path.name for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise DataError(f"{folder} holds no pictures; expected {folder}/<class>/*.png")
    names = labels or tuple(found)
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise DataError(f"{folder / unknown[0]} is none of the labels {', '.join(names)}")
    if len(names) != classes or len(set(names)) != classes:
        raise DataError(
            f"the network answers {classes} classes, but there are {len(set(names))}: {', '.join(names)}; "
            "name all of them in its order with --labels"
        )
    return names


def read_pictures(folder: Path, names: tuple[str, ...], shape: tuple[int, ...]) -> FaceSet:
    """Every picture of every class, resized to the network's input; RGB where it takes colour.

    shape: (1, H, W, 1 or 3). Unreadable pictures are reported and left out. Raises DataError where none is left.
    """
    height, width, channels = shape[1:]
    images, labels = [], []
    for label, name in enumerate(names):
        for path in sorted(path for path in (folder / name).glob("*") if path.suffix.lower() in SUFFIXES):
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR)
            if image is None:
                log.warning("%s is not a readable picture: left out", path)
                continue
            smaller = image.shape[0] > height or image.shape[1] > width
            if image.shape[:2] != (height, width):
                image = cv2.resize(
                    image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
                )
            images.append(image if channels == 1 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            labels.append(label)
    if not images:
        raise DataError(f"{folder} holds no pictures; expected {folder}/<class>/*.png")
    targets = np.eye(len(names), dtype=np.float32)[labels]
    return FaceSet(np.stack(images), targets, np.array(labels), np.arange(len(labels)))
