"""Readers of training data: what they read, and the one line they say about a file that is wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.data import NO_LABEL, FaceSet, base_rates, label_index, read_fer2013, read_folder
from training.errors import DataError
from training.sources import read_source

PIXELS = " ".join(["7"] * 48 * 48)
GOOD = f"3,{PIXELS},Training"


def fer2013(folder: Path, *rows: str, header: str = "emotion,pixels,Usage") -> Path:
    path = folder / "fer2013.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_rows_become_faces_by_split(tmp_path: Path) -> None:
    splits = read_fer2013(fer2013(tmp_path, GOOD, f"6,{PIXELS},PrivateTest"))
    assert [len(splits[name]) for name in ("Training", "PublicTest", "PrivateTest")] == [1, 0, 1]
    face = splits["PrivateTest"]
    assert face.images.shape == (1, 48, 48)
    assert face.images.dtype == np.uint8
    assert face.labels.tolist() == [6]
    assert face.rows.tolist() == [1]
    assert face.targets.tolist() == [[0, 0, 0, 0, 0, 0, 1]]


def test_the_older_kaggle_header_is_read(tmp_path: Path) -> None:
    path = fer2013(tmp_path, f"3,Training,{PIXELS}", header="emotion, Usage, pixels")
    assert len(read_fer2013(path)["Training"]) == 1


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("3", r"row 3: 0 pixels instead of 2304"),
        ("3,1 2 3,Training", r"row 3: 3 pixels instead of 2304"),
        (f"3,{PIXELS} 7,Training", r"row 3: 2305 pixels"),
        (f"3,{PIXELS[:-1]}x,Training", r"row 3: pixels are not whole numbers"),
        (f"3,{PIXELS[:-1]}256,Training", r"row 3: a pixel is outside 0..255"),
        (f"3,{PIXELS},Validation", r"row 3: usage is 'Validation', not one of Training"),
        (f"3,{PIXELS}", r"row 3: usage is 'None'"),
        (f"7,{PIXELS},Training", r"row 3: emotion is '7', not one of 0..6"),
        (f"sad,{PIXELS},Training", r"row 3: emotion is 'sad'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as caught:
        read_fer2013(fer2013(tmp_path, GOOD, row))
    assert "\n" not in str(caught.value)


def test_a_row_is_called_by_its_line_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 5: 0 pixels"):
        read_fer2013(fer2013(tmp_path, GOOD, "", "", "3"))
    fer2013(tmp_path, GOOD, GOOD)
    votes(tmp_path, "Training,a,9,0,0,0,0,0,0,0,1,0", "", "Training,b,9,0")
    with pytest.raises(DataError, match="row 4: a vote is missing"):
        read_source(tmp_path)
    votes(tmp_path, "Training,a,9,0,0,0,0,0,0,0,1,0", "", "PublicTest,b,9,0,0,0,0,0,0,0,1,0")
    with pytest.raises(DataError, match="row 4: usage is PublicTest but Training"):
        read_source(tmp_path)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing"):
        read_fer2013(tmp_path / "fer2013.csv")
    with pytest.raises(DataError, match="no column 'pixels'"):
        read_fer2013(fer2013(tmp_path, header="emotion,Usage"))
    with pytest.raises(DataError, match="no rows"):
        read_fer2013(fer2013(tmp_path))


def test_votes_become_targets_and_the_majority_the_label(tmp_path: Path) -> None:
    fer2013(tmp_path, GOOD, GOOD, GOOD, GOOD)
    votes(
        tmp_path, "Training,a,6,0,0,4,0,0,0,0,0,0", "Training,b,1,0,0,0,0,0,0,8,1,0", "Training,c,0,0,0,0,0,0,0,9,1,0"
    )
    with (tmp_path / "fer2013new.csv").open("a") as file:
        file.write("Training,d,0,0,5,5,0,0,0,0,0,0\n")
    faces = read_source(tmp_path)["Training"]
    assert faces.rows.tolist() == [0, 1, 3], "a face without a vote for one of the seven is left out"
    assert faces.targets[0].tolist() == pytest.approx([0, 0, 0, 0, 0.4, 0, 0.6])
    assert faces.labels.tolist() == [LABELS.index("neutral"), NO_LABEL, LABELS.index("surprise")]
    assert len(faces.labelled()) == 2
    assert base_rates(faces).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (["Training,a,9,0,0,0,0,0,0,0,1,0"], "has 1 rows, fer2013.csv has 2"),
        (
            ["Training,a,9,0,0,0,0,0,0,0,1,0", "PublicTest,b,9,0,0,0,0,0,0,0,1,0"],
            "row 3: usage is PublicTest but Training in fer2013.csv",
        ),
        (["Training,a,9,0,0,0,0,0,0,0,1,0", "Training,b,9,0"], "row 3: a vote is missing"),
        (["Training,a,9,0,0,0,0,0,0,0,1,0", "Training,b,9,0,x,0,0,0,0,0,1,0"], "row 3: a vote is missing or not"),
        (["Training,a,9,0,0,0,0,0,0,0,1,0", "Test,b,9,0,0,0,0,0,0,0,1,0"], "row 3: usage is 'Test'"),
    ],
)
def test_votes_of_another_file_are_refused(tmp_path: Path, rows: list[str], complaint: str) -> None:
    fer2013(tmp_path, GOOD, GOOD)
    votes(tmp_path, *rows)
    with pytest.raises(DataError, match=complaint):
        read_source(tmp_path)


def test_the_command_says_one_line_and_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "smoke", "--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("training: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_other_names_for_the_seven_emotions() -> None:
    assert label_index(" Happiness ", "here") == label_index("joy", "here") == LABELS.index("happy")
    assert label_index("fearful", "here") == LABELS.index("fear")
    with pytest.raises(DataError, match="here: unknown emotion 'bored'"):
        label_index("bored", "here")


def test_a_folder_of_pictures(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for kind, side in (("anger", 48), ("happy", 96), ("contempt", 48)):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "S010_1.png"), np.full((side, side, 3), 90, np.uint8))
    (tmp_path / "happy" / "notes.png").write_bytes(b"no picture")
    faces, names = read_folder(tmp_path)
    assert isinstance(faces, FaceSet)
    assert faces.images.shape == (2, 48, 48)
    assert faces.labels.tolist() == [LABELS.index("angry"), LABELS.index("happy")]
    assert names == ["S010_1.png", "S010_1.png"]
    assert "notes.png is not a readable picture" in caplog.text


def test_a_folder_that_holds_no_faces(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        read_folder(tmp_path)
    (tmp_path / "bored").mkdir()
    with pytest.raises(DataError, match="unknown emotion 'bored'"):
        read_folder(tmp_path)


def test_synthetic_files_are_what_the_reader_expects(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=2)
    splits = read_source(tmp_path)
    assert all(np.bincount(part.labels).tolist() == [2] * len(LABELS) for part in splits.values())


def votes(folder: Path, *rows: str) -> None:
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    (folder / "fer2013new.csv").write_text("\n".join([header, *rows]) + "\n")
