"""Detectors side by side, and the report beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantize import detector_report
from quantize.compare_detectors import HEADER, main
from quantize.dim_pictures import CONDITIONS
from quantize.other_detectors import Haar

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "face.tflite"
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One portrait, in which a box too small to count is marked where there is no face."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(PORTRAIT.read_bytes())
    (tmp_path / "boxes.csv").write_text("file,x1,y1,x2,y2\na.jpg,0,0,15,15\n", encoding="utf-8")
    return tmp_path


@pytest.mark.skipif(not PORTRAIT.is_file(), reason="edge/assets/portrait.jpg is not here")
def test_a_table_with_a_line_a_detector(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(MODEL), "--pictures", str(pictures)]) == 0
    printed = capsys.readouterr()
    header, _, *lines = printed.out.splitlines()
    assert header == f"| {' | '.join(HEADER)} |"
    assert [line.split(" | ")[0] for line in lines] == ["| face"] + ["| Haar"] * Haar.is_here()
    assert " | 1.00 | " in lines[0]  # the portrait's face is not in the list of boxes: one false box a picture
    assert Haar.is_here() or "OpenCV 5 dropped it" in printed.err


def test_worse_pictures_are_a_second_table(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(MODEL), "--pictures", str(pictures), "--dim"]) == 0
    _, second = capsys.readouterr().out.split("\n\n")
    header, _, *lines = second.splitlines()
    assert header.startswith("| average precision | face |")
    assert [line.split(" | ")[0].strip("| ") for line in lines] == list(CONDITIONS)


@pytest.mark.parametrize("missing", ["--yunet=none.onnx", "none.tflite"])
def test_a_missing_file_is_one_line(pictures: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(MODEL), missing, "--pictures", str(pictures)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_report_names_both_arithmetics_and_their_difference() -> None:
    numbers = {"average_precision": 0.7, "recall_16_to_24_px": 0.5, "recall_from_80_px": 0.9, "point_error": 0.05}
    card = {
        "input": {"width": 320, "height": 240, "colour": "grey"},
        "parameters": 173_000,
        "multiply_accumulates": 69_000_000,
        "min_score": 0.6,
        "training": {"epochs": 10, "best_epoch": 9},
        "metrics": {
            "kept_aside_pictures": 9,
            "kept_aside": {"float32": numbers, "int8": {**numbers, "average_precision": 0.69}},
        },
    }
    text = detector_report.text("ours", card, beside=None)
    assert "| average precision | 0.700 | 0.690 | -0.010 |" in text
    assert "| found 16 to 24 px | 0.500 | 0.500 | +0.000 |" in text
    assert "| found from 80 px | 0.900 | 0.900 | +0.000 |" in text
    assert "Side by side" not in text
