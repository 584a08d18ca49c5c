"""Lists of pictures: a folder an emotion, with or without splits, or a CSV file of paths. Read only when wanted."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from training.errors import DataError
from training.names import label_index

log = logging.getLogger(__name__)

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".pgm", ".ppm", ".tif", ".tiff"}
SPLIT_FOLDERS = {
    "train": "Training",
    "training": "Training",
    "validation": "PublicTest",
    "valid": "PublicTest",
    "val": "PublicTest",
    "eval": "PublicTest",
    "evaluation": "PublicTest",
    "dev": "PublicTest",
    "publictest": "PublicTest",
    "test": "PrivateTest",
    "testing": "PrivateTest",
    "privatetest": "PrivateTest",
}
"""In small letters."""
LEFT_OUT = "contempt"
"""An emotion that other data sets have and no model of ours answers."""

_PERSON_IN_NAME = (
    re.compile(r"(S\d{3})_"),  # CK+: S010_004_00000017.png
    re.compile(r"(\d{8})T\d{6}\.\d{3}Z(_\d+)\.png$"),  # faces that the device recorded: the day and the person's number
)


@dataclass(frozen=True)
class Picture:
    """One file and what it shows. person: who, or "" where nobody knows. split: where its data set put it, or None."""

    path: Path
    label: int
    person: str = ""
    split: str | None = None


def list_folder(folder: Path) -> list[Picture]:
    """The pictures of `<folder>/<emotion>/…` or of `<folder>/train/<emotion>/…`, `test/`, `validation/`; sorted.

    A folder below an emotion's is a person's. Contempt is left out, and what begins with a dot; what else is passed
    over is counted in a warning. Raises DataError for a folder without pictures, an unknown emotion, an emotion whose
    folder has none, and pictures in another folder beside those of splits.
    """
    parts = _folders(folder)
    splits = {part: SPLIT_FOLDERS[part.name.lower()] for part in parts if part.name.lower() in SPLIT_FOLDERS}
    for part in parts if splits else ():
        if part not in splits and any(map(_is_picture, _files(part))):
            raise DataError(
                f"{part} lies beside {next(iter(splits))}, but is no split that is known here: call it one of "
                f"{', '.join(SPLIT_FOLDERS)}, or move it away"
            )
    homes: dict[Path, str | None] = {**splits} or {folder: None}
    found = [picture for home, split in homes.items() for picture in _of_emotions(home, split)]
    if not found:
        raise DataError(f"{folder} holds no pictures; expected {folder}/<emotion>/*.png")
    _tell_passed_over(folder, list(homes))
    return found


def list_csv(path: Path) -> list[Picture]:
    """The pictures of a CSV file with the columns path, emotion and perhaps person; paths are relative to the file.

    Contempt is left out. Raises DataError for a missing column, a short row, an unknown emotion, an empty table.
    """
    found = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file, skipinitialspace=True)
        columns = [name.strip().lower() for name in table.fieldnames or ()]
        table.fieldnames = columns
        for name in ("path", "emotion"):
            if name not in columns:
                raise DataError(f"{path} has no column '{name}'; its first line must name path,emotion or more")
        for record in table:
            where = f"{path}, row {table.reader.line_num}"
            if any(record[name] is None for name in columns) or not record["path"].strip():
                raise DataError(f"{where} is short: write {','.join(columns)}")
            if record["emotion"].strip().lower() == LEFT_OUT:
                continue
            label = label_index(record["emotion"], where)
            found.append(Picture(path.parent / record["path"].strip(), label, (record.get("person") or "").strip()))
    if not found:
        raise DataError(f"{path} names no pictures; write one path,emotion a line")
    return found


def read(pictures: list[Picture], side: int, where: Path) -> tuple[np.ndarray, list[Picture]]:
    """(N, side, side) uint8 grey, and the pictures they are; an unreadable one is reported and skipped.

    Raises DataError where none can be read.
    """
    images, readable = [], []
    for picture in pictures:
        image = grey(picture.path, side)
        if image is None:
            log.warning("%s is not a readable picture: skipped", picture.path)
            continue
        images.append(image)
        readable.append(picture)
    if not images:
        raise DataError(f"{where}: none of its {len(pictures)} pictures can be read; expected PNG or JPEG files")
    return np.stack(images), readable


def grey(path: Path, side: int) -> np.ndarray | None:
    """(side, side) uint8, or None where it cannot be read. Other sizes are shrunk by averaging."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if image is None or image.shape == (side, side):
        return image
    shrinks = min(image.shape) >= side
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _of_emotions(folder: Path, split: str | None) -> Iterator[Picture]:
    for kind in _emotions(folder):
        label = label_index(kind.name, str(kind))
        paths = [path for path in _files(kind) if _is_picture(path)]
        if not paths:
            others = _by_suffix(_files(kind))
            state = f"holds no picture that can be read, only {others}" if others else "is empty"
            raise DataError(f"{kind} {state}; put pictures of this emotion into it, or remove it")
        for path in paths:
            yield Picture(path, label, _person(path, kind), _split_in_name(path) or split)


def _tell_passed_over(folder: Path, homes: list[Path]) -> None:
    """Warn of files in no known format, and of pictures of which nobody said the emotion.

    homes: the folders that hold those of the emotions.
    """
    unknown = [path for home in homes for kind in _emotions(home) for path in _files(kind) if not _is_picture(path)]
    astray = sum(path.is_file() and _is_picture(path) for place in {folder, *homes} for path in place.iterdir())
    said = [f"{_by_suffix(unknown)}: only {', '.join(sorted(SUFFIXES))} are pictures here"] if unknown else []
    if astray:
        said.append(f"{astray} beside the emotions' folders instead of in one")
    if said:
        log.warning("%s: passed over %s", folder, "; ".join(said))


def _by_suffix(paths: list[Path]) -> str:
    """2 .heic, 1 .txt"""
    counts = Counter(path.suffix.lower() or path.name for path in paths)
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(counts.items()))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _files(folder: Path) -> list[Path]:
    """All files below, sorted; none that begins with a dot, or whose folder does."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _person(path: Path, kind: Path) -> str:
    inside = path.relative_to(kind).parts
    if len(inside) > 1:
        return inside[0]
    found = next((match for form in _PERSON_IN_NAME if (match := form.match(path.name))), None)
    return "".join(found.groups()) if found else ""


def _split_in_name(path: Path) -> str | None:
    """Kaggle's copy of FER2013 has one folder for both test splits and says which in the name."""
    return next((split for split in ("PublicTest", "PrivateTest") if path.name.startswith(f"{split}_")), None)


def _emotions(folder: Path) -> list[Path]:
    return [kind for kind in _folders(folder) if kind.name.lower() != LEFT_OUT]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one with a folder of pictures for each emotion")
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
