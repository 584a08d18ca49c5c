"""The choice of calibration faces: balanced, repeatable, from Training, reaching from black to white."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge.emotion.labels import LABELS
from quantize.calibration import ROWS_FILE, VARIATIONS, Choice, choose, read_choices, representative, write_choices
from tests.synthetic_fer2013 import write_fer2013
from training.data import FaceSet
from training.errors import DataError
from training.sources import read_source


@pytest.fixture
def training(tmp_path: Path) -> FaceSet:
    write_fer2013(tmp_path, per_label=9)
    return read_source(tmp_path)["Training"]


def test_the_committed_choice_is_balanced_and_varied() -> None:
    choices = read_choices(ROWS_FILE)
    by_label = Counter(choice.label for choice in choices if choice.row is not None)
    assert set(by_label) == set(LABELS)
    assert len(set(by_label.values())) == 1
    assert {choice.variation for choice in choices} == {*VARIATIONS, "black", "white"}
    rows = [choice.row for choice in choices if choice.row is not None]
    assert len(set(rows)) == len(rows)
    assert max(rows) < 28709, "FER2013's first 28,709 rows are Training"


def test_a_seed_always_draws_the_same_faces(training: FaceSet) -> None:
    assert choose(training, seed=4, per_label=8) == choose(training, seed=4, per_label=8)
    assert choose(training, seed=4, per_label=8) != choose(training, seed=5, per_label=8)


def test_a_choice_survives_its_file(training: FaceSet, tmp_path: Path) -> None:
    choices = choose(training, per_label=8)
    write_choices(choices, tmp_path / "rows.csv")
    assert read_choices(tmp_path / "rows.csv") == choices


def test_the_pictures_are_the_chosen_faces(training: FaceSet) -> None:
    choices = choose(training, per_label=8)
    pictures = representative(training, choices)
    assert pictures.shape == (len(choices), 48, 48)
    assert pictures.dtype == np.uint8
    assert (pictures[0] == 0).all()
    assert (pictures[1] == 255).all()
    plain = next(index for index, choice in enumerate(choices) if choice.variation == "plain")
    row = int(np.flatnonzero(training.rows == choices[plain].row)[0])
    assert (pictures[plain] == training.images[row]).all()
    assert training.labels[row] == LABELS.index(choices[plain].label)


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        ([Choice(10**6, "sad", "plain")], "row 1000000 is not a Training face labelled sad"),
        ([Choice(0, "sad", "plain")], "row 0 is not a Training face labelled sad"),
        ([Choice(None, "", "black")], "do not reach from 0 to 255"),
    ],
)
def test_a_choice_for_other_data_is_refused(training: FaceSet, choices: list[Choice], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        representative(training, choices)


def test_too_few_faces_of_a_label(training: FaceSet) -> None:
    with pytest.raises(DataError, match="Training has 9 faces labelled angry, calibration needs 72"):
        choose(training)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("row,label\n", "the first line must be row,label,variation"),
        ("row,label,variation\n7,bored,plain\n", "row 2: '7,bored,plain'"),
        ("row,label,variation\n7,sad,upside down\n", "row 2"),
        ("row,label,variation\n7,sad\n", "row 2: '7,sad,'"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_choices(tmp_path / "rows.csv")
    with pytest.raises(DataError, match="is missing"):
        read_choices(tmp_path / "none.csv")
