"""Pictures in folders and CSV files: what is read, how people are kept apart, and the one line about what is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.labels import LABELS
from training.errors import DataError
from training.pictures import Picture, list_csv, list_folder, read
from training.splits import SPLITS, divided


def picture(path: Path, side: int = 48) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((side, side), 90, np.uint8))
    return path


def test_a_folder_for_each_emotion_may_have_folders_of_people(tmp_path: Path) -> None:
    picture(tmp_path / "anger" / "ann" / "1.jpg")
    picture(tmp_path / "happy" / "S010_004_00000017.png")
    picture(tmp_path / "happy" / "20261122T150405.123Z_3.png")
    picture(tmp_path / "happy" / "unknown.png")
    picture(tmp_path / "contempt" / "1.png")
    (tmp_path / "happy" / "notes.txt").write_text("not a picture")
    found = list_folder(tmp_path)
    assert [(LABELS[one.label], one.person) for one in found] == [
        ("angry", "ann"),
        ("happy", "20261122_3"),
        ("happy", "S010"),
        ("happy", ""),
    ]


def test_kaggles_folders_are_the_splits(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "happy" / "Training_1.jpg")
    picture(tmp_path / "test" / "happy" / "PublicTest_2.jpg")
    picture(tmp_path / "test" / "surprise" / "PrivateTest_3.jpg")
    assert [one.split for one in list_folder(tmp_path)] == ["PublicTest", "PrivateTest", "Training"]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("training", "Training"),
        ("PublicTest", "PublicTest"),
        ("eval", "PublicTest"),
        ("dev", "PublicTest"),
        ("PrivateTest", "PrivateTest"),
        ("testing", "PrivateTest"),
    ],
)
def test_other_names_of_the_splits(tmp_path: Path, name: str, split: str) -> None:
    for folder in ("train", name):
        picture(tmp_path / folder / "happy" / "1.jpg")
    assert [one.split for one in list_folder(tmp_path) if name in one.path.parts] == [split]


@pytest.mark.parametrize("name", ["holdout", "happy"])
def test_a_folder_beside_those_of_splits_is_not_passed_over(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "train" / "happy" / "1.jpg")
    picture(tmp_path / name / "angry" / "1.jpg")
    with pytest.raises(DataError, match=f"{name} lies beside .*train, but is no split that is known here"):
        list_folder(tmp_path)


def test_a_folder_without_pictures_may_lie_beside_those_of_splits(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "happy" / "1.jpg")
    picture(tmp_path / ".cache" / "happy" / "1.jpg")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._1.jpg").write_bytes(b"a resource fork")
    (tmp_path / "licence").mkdir()
    (tmp_path / "licence" / "README.txt").write_text("for research")
    assert len(list_folder(tmp_path)) == 1


def test_what_is_passed_over_is_counted_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for emotion in ("happy", "sad"):
        picture(tmp_path / "train" / emotion / "1.png")
        (tmp_path / "train" / emotion / "2.HEIC").write_bytes(b"a picture of another kind")
        (tmp_path / "train" / emotion / ".DS_Store").write_bytes(b"")
    picture(tmp_path / "3.png")
    picture(tmp_path / "train" / "4.png")
    assert len(list_folder(tmp_path)) == 2
    (said,) = caplog.messages
    assert "passed over 2 .heic: only .bmp, .jpeg, .jpg," in said
    assert said.endswith("2 beside the emotions' folders instead of in one")


def test_nothing_is_said_where_nothing_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture(tmp_path / "happy" / "1.png")
    picture(tmp_path / "happy" / ".ipynb_checkpoints" / "1.png")
    assert len(list_folder(tmp_path)) == 1
    assert not caplog.records


def test_unreadable_pictures_are_told_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = picture(tmp_path / "happy" / "1.png", side=96)
    (tmp_path / "happy" / "2.png").write_bytes(b"no picture")
    images, readable = read(list_folder(tmp_path), 48, tmp_path)
    assert images.shape == (1, 48, 48)
    assert [one.path for one in readable] == [good]
    assert "2.png is not a readable picture: skipped" in caplog.text
    good.unlink()
    with pytest.raises(DataError, match="none of its 1 pictures can be read"):
        read(list_folder(tmp_path), 48, tmp_path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing is no folder"):
        list_folder(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no pictures; expected"):
        list_folder(tmp_path)
    (tmp_path / "happy").mkdir()
    with pytest.raises(DataError, match="happy is empty; put pictures of this emotion into it, or remove it"):
        list_folder(tmp_path)
    (tmp_path / "happy" / "1.heic").write_bytes(b"a picture of another kind")
    with pytest.raises(DataError, match=r"happy holds no picture that can be read, only 1 \.heic; put pictures"):
        list_folder(tmp_path)
    (tmp_path / "bored").mkdir()
    with pytest.raises(DataError, match="bored: unknown emotion 'bored'; known are angry"):
        list_folder(tmp_path)


def table(folder: Path, *lines: str) -> Path:
    path = folder / "faces.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_of_paths(tmp_path: Path) -> None:
    path = table(tmp_path, "Path, emotion, person", "a.png, Happiness, ann", "b.png,contempt,bob", "c.png,sad,")
    assert list_csv(path) == [
        Picture(tmp_path / "a.png", LABELS.index("happy"), "ann"),
        Picture(tmp_path / "c.png", LABELS.index("sad")),
    ]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["file,emotion", "a.png,sad"], "has no column 'path'; its first line must name path,emotion"),
        (["path,emotion", "a.png,sad", "b.png"], "row 3 is short: write path,emotion"),
        (["path,emotion", ",sad"], "row 2 is short"),
        (["path,emotion", "a.png,bored"], "row 2: unknown emotion 'bored'"),
        (["path,emotion", "a.png,sad", "", "", "b.png,bored"], "row 5: unknown emotion 'bored'"),
        (["path,emotion"], "names no pictures"),
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, lines: list[str], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as caught:
        list_csv(table(tmp_path, *lines))
    assert "\n" not in str(caught.value)


def faces(people: int, each: int = 10, split: str | None = None) -> list[Picture]:
    return [one for person in range(people) for one in faces_of(f"p{person}", each, split)]


def faces_of(person: str, each: int, split: str | None = None) -> list[Picture]:
    return [Picture(Path(f"{person}/{index}.png"), index % 2, person, split) for index in range(each)]


def test_no_person_is_in_two_splits() -> None:
    parts = divided(faces(people=20), Path("here"))
    assert {split: len(part) for split, part in parts.items()} == {
        "Training": 140,
        "PublicTest": 30,
        "PrivateTest": 30,
    }
    people = [{one.person for one in parts[split]} for split in SPLITS]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]
    again = divided(faces(people=20)[::-1], Path("elsewhere"))
    assert all(set(again[split]) == set(parts[split]) for split in SPLITS)


@pytest.mark.parametrize("people", [6, 7, 10, 13])
def test_no_person_of_few_is_in_two_splits(people: int, caplog: pytest.LogCaptureFixture) -> None:
    """Three of ten are set aside: fewer than may be divided, but of a set that is not."""
    parts = divided(faces(people), Path("here"))
    of = [{one.person for one in parts[split]} for split in SPLITS]
    assert all(of)
    assert sum(map(len, of)) == len(set.union(*of)) == people
    assert not caplog.records


def test_people_of_many_pictures_leave_somebody_for_every_split() -> None:
    """Each of the three greatest is more than the share to be set aside."""
    pictures = [one for number, each in enumerate((900, 900, 900, 2, 3, 4)) for one in faces_of(f"p{number}", each)]
    parts = divided(pictures, Path("here"))
    of = [{one.person for one in parts[split]} for split in SPLITS]
    assert all(of)
    assert sum(map(len, of)) == 6


def test_a_single_person_of_the_test_pictures_is_divided() -> None:
    test = [Picture(one.path, one.label, "only", "PrivateTest") for one in faces(1, each=40)]
    parts = divided(faces(8, split="Training") + test, Path("here"))
    assert [len(parts[split]) for split in SPLITS] == [80, 20, 20]


def test_the_pictures_of_few_people_are_divided_alike_of_every_emotion(caplog: pytest.LogCaptureFixture) -> None:
    parts = divided(faces(people=1, each=200), Path("here"))
    assert "here shows 1 people, too few to keep them apart" in caplog.text
    assert Counter(one.label for one in parts["Training"]) == {0: 70, 1: 70}
    assert Counter(one.label for one in parts["PublicTest"]) == {0: 15, 1: 15}


def test_splits_of_the_data_set_are_kept() -> None:
    train, test = faces(8, split="Training"), faces(6, split="PrivateTest")
    parts = divided(train + test, Path("here"))
    assert parts["Training"] == train
    assert sorted(len(parts[split]) for split in ("PublicTest", "PrivateTest")) == [30, 30]
    chosen = faces(6, split="PublicTest")
    assert divided(train + chosen, Path("here"))["PublicTest"] == chosen
