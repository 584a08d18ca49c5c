"""What --data may name, and mixes of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training.data import FaceSet, base_rates, labelled_faces, read_fer2013
from training.errors import DataError
from training.names import NO_LABEL
from training.sources import blended, kinds, read_source, read_sources, require_every_emotion


def test_fer2013_is_found_under_both_names_and_by_its_file(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=2)
    by_folder = read_source(tmp_path)
    assert [len(part) for part in by_folder.values()] == [14, 14, 14]
    assert (read_source(tmp_path / "fer2013.csv")["Training"].images == by_folder["Training"].images).all()
    (tmp_path / "fer2013.csv").rename(tmp_path / "icml_face_data.csv")
    assert (read_source(tmp_path)["Training"].images == by_folder["Training"].images).all()


def test_a_folder_and_a_table_of_pictures_are_divided(tmp_path: Path) -> None:
    write_pictures(tmp_path / "faces", each=20)
    lines = [f"{path.relative_to(tmp_path)},{path.parent.name}" for path in sorted(tmp_path.rglob("*.png"))]
    (tmp_path / "faces.csv").write_text("\n".join(["path,emotion", *lines]) + "\n")
    for source in (tmp_path / "faces", tmp_path / "faces.csv"):
        parts = read_source(source)
        assert [len(part) for part in parts.values()] == [28, 6, 6]
        assert set(parts["Training"].labels) == {LABELS.index("happy"), LABELS.index("sad")}
        named = {name.removeprefix("faces/") for part in parts.values() for name in part.names}
        assert named == {f"{path.parent.name}/{path.name}" for path in (tmp_path / "faces").rglob("*.png")}


def test_a_mix_shows_each_source_as_often_as_wished(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=10)
    write_pictures(tmp_path / "faces", each=20)
    mixed = read_sources([f"{tmp_path}@0.5", f"{tmp_path / 'faces'}@3"])["Training"]
    assert len(mixed) == 70 + 28
    assert kinds([f"{tmp_path}@0.5", f"{tmp_path / 'faces'}@3"]) == ["FER2013", "pictures"]
    assert kinds([str(tmp_path / "faces")]) == ["pictures"]
    order = mixed.drawn(np.random.default_rng(1))
    assert len(order) == 35 + 3 * 28
    assert sorted(np.bincount(order[order >= 70] - 70)) == [3] * 28
    assert max(np.bincount(order[order < 70])) == 1
    happy = (35 / 7 + 3 * 14) / (35 + 3 * 28)
    assert base_rates(mixed)[LABELS.index("happy")] == pytest.approx(happy)


def test_every_epoch_is_equally_long() -> None:
    faces = labelled_faces(np.zeros((50, 48, 48), np.uint8), np.arange(50) % 7)
    faces = FaceSet(*list(vars(faces).values())[:4], repeats=np.linspace(0.1, 2.3, 50))
    random = np.random.default_rng(0)
    assert {len(faces.drawn(random)) for _ in range(20)} == {60}
    seen = np.mean([np.bincount(faces.drawn(random), minlength=50) for _ in range(500)], axis=0)
    np.testing.assert_allclose(seen, faces.repeats, atol=0.15)


def test_the_crowd_regularizes_fer2013s_own_labels(tmp_path: Path) -> None:
    own = labelled_faces(np.zeros((3, 48, 48), np.uint8), np.array([0, 1, 2]))
    crowd = FaceSet(
        own.images[:2],
        np.eye(7, dtype=np.float32)[[6, 1]],
        np.array([6, NO_LABEL]),
        np.array([0, 1]),
    )
    mostly_own = blended({"Training": own}, {"Training": crowd}, 0.7)["Training"]
    assert mostly_own.targets[0].tolist() == pytest.approx([0.7, 0, 0, 0, 0, 0, 0.3])
    assert mostly_own.targets[2].tolist() == [0, 0, 1, 0, 0, 0, 0], "nobody voted: its own label stands"
    assert mostly_own.labels.tolist() == [0, 1, 2]
    mostly_crowd = blended({"Training": own}, {"Training": crowd}, 0.3)["Training"]
    assert mostly_crowd.labels.tolist() == [6, NO_LABEL, 2]


def test_fer2013s_own_labels_need_no_votes(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=1)
    (tmp_path / "fer2013new.csv").unlink()
    own = read_source(tmp_path, own_labels=1.0)
    assert (own["Training"].targets == read_fer2013(tmp_path / "fer2013.csv")["Training"].targets).all()
    with pytest.raises(DataError, match=r"fer2013new\.csv is missing"):
        read_source(tmp_path)


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing is missing"):
        read_sources([str(tmp_path / "nothing")])
    with pytest.raises(DataError, match="after @ stands how often an epoch shows it"):
        read_sources([f"{tmp_path}@often"])
    write_pictures(tmp_path / "faces", each=1)
    with pytest.raises(DataError, match="no faces for PublicTest; add pictures"):
        read_sources([str(tmp_path / "faces")])
    write_pictures(tmp_path / "faces", each=20)
    faces = read_sources([str(tmp_path / "faces")])["Training"]
    with pytest.raises(
        DataError, match="of 28 Training faces none is angry or disgust or fear or surprise or neutral; add some"
    ):
        require_every_emotion(faces, ["faces"])


def write_pictures(folder: Path, each: int) -> None:
    random = np.random.default_rng(0)
    for emotion in ("happy", "sad"):
        (folder / emotion).mkdir(parents=True, exist_ok=True)
        for index in range(each):
            cv2.imwrite(str(folder / emotion / f"{index}.png"), random.integers(0, 256, (48, 48)).astype(np.uint8))
