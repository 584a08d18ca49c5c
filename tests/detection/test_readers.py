"""Annotated pictures in three formats: what they say, and what is wrong with them."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.detection.photographs import write_table
from training.detection.annotations import Complaints
from training.detection.pictures import is_kept_aside, load, read_pictures
from training.detection.sources import read_annotations
from training.errors import DataError


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


def picture(path: Path, width: int = 200, height: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width), 90, np.uint8))


def test_a_table_gives_boxes_points_and_empty_pictures(tmp_path: Path, complaints: Complaints) -> None:
    write_table(tmp_path, 4)
    first, _, _, empty = read_annotations(tmp_path, complaints)
    assert first.boxes.shape == (2, 4)
    assert first.points.shape == (2, 5, 2)
    assert not first.covered.any()
    assert len(empty.boxes) == 0
    assert not complaints.places


def test_wider_face(tmp_path: Path, complaints: Complaints) -> None:
    picture(tmp_path / "WIDER_train" / "images" / "0--Parade" / "a.jpg")
    picture(tmp_path / "WIDER_train" / "images" / "0--Parade" / "b.jpg")
    (tmp_path / "wider_face_split").mkdir()
    (tmp_path / "wider_face_split" / "wider_face_train_bbx_gt.txt").write_text(
        "0--Parade/a.jpg\n2\n10 20 30 40 0 0 0 0 0 0 \n50 20 10 12 2 0 0 1 0 0\n"
        "0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n"
        "0--Parade/gone.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n0--Parade/short.jpg\n1\n1 2 3\n",
        encoding="utf-8",
    )
    first, empty = read_annotations(tmp_path, complaints)
    assert first.boxes.tolist() == [[10, 20, 40, 60], [50, 20, 60, 32]]
    assert first.ignored.tolist() == [False, True]
    assert np.isnan(first.points).all()
    assert len(empty.boxes) == 0
    assert complaints.places == {
        "pictures that are named but missing": ["0--Parade/gone.jpg", "0--Parade/short.jpg"],
        "rows without 10 columns": ["wider_face_train_bbx_gt.txt line 13"],
    }


def test_yolo_in_shares_of_the_picture(tmp_path: Path, complaints: Complaints) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg")
    (tmp_path / "labels" / "train").mkdir(parents=True)
    visible = " ".join(f"0.5 0.{n} 2" for n in range(1, 5)) + " 0 0 0"
    (tmp_path / "labels" / "train" / "a.txt").write_text(
        f"0 0.5 0.5 0.2 0.4\n0 0.25 0.5 0.1 0.2 {visible}\n0 0.5\n", encoding="utf-8"
    )
    (tmp_path / "labels" / "train" / "gone.txt").write_text("0 0.5 0.5 0.2 0.4\n", encoding="utf-8")
    (loaded,) = load(read_annotations(tmp_path, complaints), complaints)
    np.testing.assert_allclose(loaded.faces.boxes, [[80, 30, 120, 70], [40, 40, 60, 60]], atol=1e-4)
    np.testing.assert_allclose(loaded.faces.points[1, 0], [100, 10], atol=1e-4)
    assert np.isnan(loaded.faces.points[1, 4]).all()
    assert complaints.places == {
        "label files without a picture": ["labels/train/gone.txt"],
        "rows without 5, 15 or 20 columns": ["a.txt line 3"],
    }


def test_bad_boxes_and_pictures_are_counted_and_left_out(
    tmp_path: Path, complaints: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    picture(tmp_path / "images" / "a.jpg")
    (tmp_path / "images" / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "boxes.csv").write_text(
        "file,x1,y1,x2,y2\na.jpg,-10,10,30,50\na.jpg,5,5,5,9\na.jpg,300,10,340,50\na.jpg,x,1,2,3\ngone.jpg,1,1,9,9\n",
        encoding="utf-8",
    )
    (loaded,) = load(read_annotations(tmp_path, complaints), complaints)
    assert loaded.faces.boxes.tolist() == [[0, 10, 30, 50]]
    with caplog.at_level(logging.WARNING):
        complaints.log()
    assert {record.message for record in caplog.records} == {
        "boxes of no size: 1 left out, the first at a.jpg box 2",
        "boxes outside their picture: 1 left out, the first at a.jpg box 3",
        f"pictures that cannot be read: 1 left out, the first at {tmp_path}/images/broken.jpg",
        "pictures that are named but missing: 1 left out, the first at images/gone.jpg",
        "rows that are not numbers or too short: 1 left out, the first at boxes.csv line 5",
    }


def test_large_pictures_are_reduced_with_their_boxes(tmp_path: Path, complaints: Complaints) -> None:
    picture(tmp_path / "images" / "a.jpg", width=896, height=448)
    (tmp_path / "boxes.csv").write_text("file,x1,y1,x2,y2\na.jpg,100,20,200,120\n", encoding="utf-8")
    (loaded,) = load(read_annotations(tmp_path, complaints), complaints)
    assert loaded.grey.shape == (224, 448)
    assert loaded.faces.boxes.tolist() == [[50, 10, 100, 60]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no annotations; it should hold boxes.csv"),
        ("file,x1,y1\na.jpg,1,2\n", "has no column x2, y2"),
        ("file,x1,y1,x2,y2\n", "holds no usable face to train on"),
    ],
)
def test_a_useless_folder_is_one_line(tmp_path: Path, content: str | None, message: str) -> None:
    if content:
        (tmp_path / "boxes.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_pictures(tmp_path)


def test_the_choice_of_what_is_kept_aside_never_changes() -> None:
    names = [f"jo_{number:05}.jpg" for number in range(64)]
    assert [name for name in names if is_kept_aside(name)] == [f"jo_000{number}.jpg" for number in range(60, 64)]
