"""Reader for folders with `boxes.csv` and `images/`: one face a row, pictures without a row show no face."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from training.detection.annotations import UNKNOWN, Annotated, Complaints, MarkedFace, annotated
from training.errors import DataError

TABLE = "boxes.csv"
BOX_COLUMNS = ("x1", "y1", "x2", "y2")
POINT_COLUMNS = tuple(
    f"{part}_{axis}" for part in ("eye_r", "eye_l", "nose", "mouth_r", "mouth_l") for axis in ("x", "y")
)
"""The person's right stands first, which is the left in the picture."""

COVERED = ("with_mask", "mask", "with_incorrect_mask", "mask_weared_incorrect", "incorrect")


def read_table(folder: Path, complaints: Complaints) -> list[Annotated]:
    """Every picture of the folder, in the order of the names. Raises DataError for a table of other columns."""
    faces: dict[str, list[MarkedFace]] = defaultdict(list)
    with open(folder / TABLE, newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        missing = {"file", *BOX_COLUMNS} - set(table.fieldnames or ())
        if missing:
            raise DataError(f"{folder / TABLE} has no column {', '.join(sorted(missing))}")
        for row in table:
            where = f"{TABLE} line {table.line_num}"
            try:
                faces[row["file"]].append(_face(row))
            except (TypeError, ValueError):
                complaints.add("rows that are not numbers or too short", where)
    pictures = sorted(path for path in (folder / "images").glob("*") if path.is_file())
    for name in sorted(set(faces) - {path.name for path in pictures}):
        complaints.add("pictures that are named but missing", f"images/{name}")
    return [annotated(path, faces[path.name]) for path in pictures]


def _face(row: dict[str, str]) -> MarkedFace:
    points = tuple(float(row[name]) for name in POINT_COLUMNS) if row.get(POINT_COLUMNS[0]) else UNKNOWN
    box = tuple(float(row[name]) for name in BOX_COLUMNS)
    return MarkedFace(box, points, row.get("ignore") == "1", row.get("label") in COVERED)
