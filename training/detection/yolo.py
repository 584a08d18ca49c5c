"""Reader for YOLO's annotations: `labels/NAME.txt` for `images/NAME.jpg`, in any folders below.

A line a face: class, middle x and y, width and height in shares of the picture's sides; with key points five times
x and y, or x, y and visibility, in the order eyes, nose, mouth corners, from the left of the picture.
"""

from __future__ import annotations

import math
from pathlib import Path

from training.detection.annotations import UNKNOWN, Annotated, Complaints, MarkedFace, annotated

BOX, WITH_POINTS, WITH_VISIBILITY = 5, 15, 20
SUFFIXES = (".jpg", ".jpeg", ".png")


def read_yolo(folder: Path, complaints: Complaints) -> list[Annotated]:
    """Every picture in a folder `images`, in the order of the names; one without a label file shows no face."""
    pictures = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and "images" in _inside(path, folder)
    )
    labels = {_labels_of(path, folder): path for path in pictures}
    for label in sorted(folder.rglob("*.txt")):
        if "labels" in _inside(label, folder) and label not in labels:
            complaints.add("label files without a picture", str(label.relative_to(folder)))
    return [annotated(path, _faces(label, complaints), in_shares=True) for label, path in labels.items()]


def _inside(path: Path, folder: Path) -> tuple[str, ...]:
    return path.relative_to(folder).parts[:-1]


def _labels_of(picture: Path, folder: Path) -> Path:
    parts = ["labels" if part == "images" else part for part in _inside(picture, folder)]
    return folder.joinpath(*parts, picture.stem + ".txt")


def _faces(label: Path, complaints: Complaints) -> list[MarkedFace]:
    if not label.is_file():
        return []
    faces = []
    for number, line in enumerate(label.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        where = f"{label.name} line {number}"
        if not fields:
            continue
        if len(fields) not in (BOX, WITH_POINTS, WITH_VISIBILITY):
            complaints.add(f"rows without {BOX}, {WITH_POINTS} or {WITH_VISIBILITY} columns", where)
            continue
        try:
            faces.append(_face([float(field) for field in fields[1:]]))
        except ValueError:
            complaints.add("rows that are not numbers", where)
    return faces


def _face(values: list[float]) -> MarkedFace:
    x, y, width, height = values[:4]
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) == BOX - 1:
        return MarkedFace(box, UNKNOWN)
    if len(values) == WITH_POINTS - 1:
        return MarkedFace(box, tuple(values[4:]))
    points = []
    for start in range(4, len(values), 3):
        x, y, visibility = values[start : start + 3]
        points += [x, y] if visibility else [math.nan, math.nan]
    return MarkedFace(box, tuple(points))
