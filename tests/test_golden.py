"""The shipped models answer fixed pictures as they always did, to the bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from quantize import golden


@pytest.mark.parametrize("model", golden.integer_models(), ids=lambda path: path.stem)
def test_every_bit_is_as_committed(model: Path) -> None:
    assert golden.differences(model) == []


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model, its card and a golden file of it that a test may spoil."""
    model = golden.MODELS / "emotion.tflite"
    for path in (model, model.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    return tmp_path / model.name


def test_a_missing_file_says_what_to_do(copy: Path) -> None:
    (line,) = golden.differences(copy)
    assert line.endswith("is missing: python -m quantize golden")


def test_a_written_file_compares_equal(copy: Path) -> None:
    golden.write(copy)
    assert golden.differences(copy) == []


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda file: file.update(sha256="0"), "is of another"),
        (lambda file: file["answers"]["black"]["answer"].reverse(), "black: ["),
        (lambda file: file["answers"]["portrait"].update(picture="0"), "portrait: another picture"),
        (lambda file: file["answers"].pop("ramp"), "ramp: only in the program"),
    ],
)
def test_each_difference_is_one_line(copy: Path, spoil, complaint: str) -> None:
    golden.write(copy)
    file = json.loads(golden.golden_file(copy).read_text())
    spoil(file)
    golden.golden_file(copy).write_text(json.dumps(file))
    (line,) = golden.differences(copy)
    assert complaint in line
