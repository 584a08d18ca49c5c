"""The measurement of the face detector: what counts as found, and what as false."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.types import Box, Face
from quantize.recall import Recall, _matched, main, measure, read_boxes, table

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "face.tflite"
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"


def face(x0: float, y0: float, side: float, score: float = 0.9) -> Face:
    return Face(Box(x0, y0, x0 + side, y0 + side), score, np.zeros((4, 2), np.float32))


def test_each_labelled_face_is_found_once() -> None:
    boxes = [Box(0, 0, 20, 24), Box(100, 0, 130, 40)]
    hits, false = _matched([face(0, 2, 20), face(1, 2, 20, 0.8), face(100, 5, 30), face(300, 300, 20)], boxes)
    assert hits == {0, 1}
    assert false == 2


def test_without_labels_every_face_is_false() -> None:
    assert _matched([face(0, 0, 20)], []) == (set(), 1)


@pytest.mark.skipif(not PORTRAIT.is_file(), reason="edge/assets/portrait.jpg is not here")
def test_a_found_face_and_a_missed_one(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(PORTRAIT.read_bytes())
    nowhere = "a.jpg,0,0,30,30"
    (tmp_path / "boxes.csv").write_text(f"file,x1,y1,x2,y2\n{nowhere}\n", encoding="utf-8")
    labelled = read_boxes(tmp_path)
    assert labelled == {tmp_path / "images" / "a.jpg": [Box(0, 0, 30, 30)]}
    assert measure(MODEL, labelled, 0.6) == Recall(0.6, {20: 0.0, 40: 0.0}, 1.0)


def test_card_and_table_name_the_same_numbers() -> None:
    recall = Recall(0.6, {20: 0.25, 40: 0.5}, 0.125)
    assert recall.as_numbers() == {
        "recall_from_20_px": 0.25,
        "recall_from_40_px": 0.5,
        "false_boxes_per_picture": 0.125,
    }
    assert table([recall]).splitlines()[1].split() == ["0.60", "0.250", "0.500", "0.12"]


def test_a_folder_without_boxes_is_one_line_of_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pictures", str(tmp_path)]) == 2
    assert "boxes.csv" in capsys.readouterr().err
