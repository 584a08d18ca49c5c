"""Annotated pictures from a folder in whichever of the known formats it is."""

from __future__ import annotations

from pathlib import Path

from training.detection import wider
from training.detection.annotations import Annotated, Complaints
from training.detection.tables import TABLE, read_table
from training.detection.yolo import read_yolo
from training.errors import DataError

FORMATS = f"{TABLE} with images/, WIDER FACE's wider_face_train_bbx_gt.txt, or YOLO's labels/ with images/"


def read_annotations(folder: Path, complaints: Complaints) -> list[Annotated]:
    """Raises DataError where the folder holds none of the formats."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; it should hold {FORMATS}")
    if (folder / TABLE).is_file():
        return read_table(folder, complaints)
    for listing in sorted(folder.glob(wider.PATTERN)):
        return wider.read_wider(listing, complaints)
    if any(path.is_dir() for path in folder.rglob("labels")):
        return read_yolo(folder, complaints)
    raise DataError(f"{folder} holds no annotations; it should hold {FORMATS}")
