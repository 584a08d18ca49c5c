"""Reader for WIDER FACE's own annotations (Yang et al. 2016): `wider_face_*_bbx_gt.txt` beside the unpacked pictures.

A picture's name stands on a line, the number of its faces on the next, then a line a face: x y width height blur
expression illumination invalid occlusion pose. A picture without faces has one line of zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.detection.annotations import Annotated, Complaints, MarkedFace, annotated

PATTERN = "**/wider_face_train_bbx_gt.txt"
COLUMNS, INVALID = 10, 7


def read_wider(listing: Path, complaints: Complaints) -> list[Annotated]:
    """The pictures that the file names, from the folder WIDER_train somewhere below the file's folder or its parent."""
    roots = [root for above in (listing.parent, *listing.parents[1:2]) for root in above.glob("**/WIDER_train/images")]
    pictures = []
    for name, faces in _groups(listing, complaints):
        path = next((root / name for root in roots if (root / name).is_file()), None)
        if path is None:
            complaints.add("pictures that are named but missing", name)
        else:
            pictures.append(annotated(path, faces))
    return pictures


def _groups(listing: Path, complaints: Complaints) -> Iterator[tuple[str, list[MarkedFace]]]:
    """Each picture's name and faces."""
    name, faces = "", list[MarkedFace]()
    for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        if line.strip().endswith(".jpg"):
            if name:
                yield name, faces
            name, faces = line.strip(), []
        elif len(fields) == COLUMNS and name:
            face = _face(fields)
            if face is None:
                complaints.add("rows that are not numbers", f"{listing.name} line {number}")
            elif any(face.box):
                faces.append(face)
        elif len(fields) != 1:
            complaints.add(f"rows without {COLUMNS} columns", f"{listing.name} line {number}")
    if name:
        yield name, faces


def _face(fields: list[str]) -> MarkedFace | None:
    """None where the fields are no numbers. The line of zeros gives a box of zeros."""
    try:
        x, y, width, height = (float(field) for field in fields[:4])
    except ValueError:
        return None
    return MarkedFace((x, y, x + width, y + height), ignored=fields[INVALID] == "1")
