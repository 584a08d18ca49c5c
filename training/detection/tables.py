"""Reader for folders with `boxes.csv` and `images/`: one face a row, pictures without a row show no face."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from pathlib import Path

import numpy as np

from training.data import DataError
from training.detection.annotations import Annotated

BOX_COLUMNS = ("x1", "y1", "x2", "y2")
POINT_COLUMNS = tuple(
    f"{part}_{axis}" for part in ("eye_r", "eye_l", "nose", "mouth_r", "mouth_l") for axis in ("x", "y")
)
"""The person's right stands first, which is the left in the picture."""

COVERED = ("with_mask", "mask", "with_incorrect_mask", "mask_weared_incorrect", "incorrect")


def read_table(folder: Path) -> list[Annotated]:
    """Every picture of the folder, in the order of the names. Raises DataError."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    table = folder / "boxes.csv"
    try:
        with open(table, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                rows[row["file"]].append(row)
        return [_annotated(path, rows[path.name]) for path in sorted((folder / "images").iterdir())]
    except (OSError, KeyError, ValueError) as err:
        raise DataError(f"{table}: {err!r}; it needs the columns file, {', '.join(BOX_COLUMNS)}") from err


def _annotated(path: Path, rows: list[dict[str, str]]) -> Annotated:
    boxes = [[float(row[name]) for name in BOX_COLUMNS] for row in rows]
    points = [[float(row.get(name) or math.nan) for name in POINT_COLUMNS] for row in rows]
    return Annotated(
        path,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array([row.get("ignore") == "1" for row in rows], bool),
        np.array([row.get("label") in COVERED for row in rows], bool),
        np.array(points, np.float32).reshape(-1, 5, 2),
    )
