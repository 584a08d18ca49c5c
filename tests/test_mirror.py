"""The table of what the mirror image is worth, from a face set and a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="training needs the training extra: pip install -e .[training]")

from tests.synthetic_fer2013 import write_fer2013
from training.data import NO_LABEL, FaceSet
from training.mirror import main, mirror_table


class Left:
    """Reads the label from a face's upper left corner."""

    def classify(self, faces: list[np.ndarray]) -> np.ndarray:
        answers = np.full((len(faces), 7), 0.01)
        answers[np.arange(len(faces)), [int(face[0, 0]) for face in faces]] = 0.94
        return answers


def test_each_way_has_its_line_and_faces_without_a_label_do_not_count():
    images = np.zeros((4, 48, 48), np.uint8)
    images[:, 0, 0] = (2, 2, 5, 0)
    images[:, 0, -1] = (2, 3, 3, 0)
    targets = np.eye(7, dtype=np.float32)[[2, 2, 3, 0]]
    faces = FaceSet(images, targets, np.array([2, 2, 3, NO_LABEL]), np.arange(4))
    alone, mirror, mean = mirror_table(faces, Left()).splitlines()  # type: ignore[arg-type]
    assert alone.split()[:3] == ["alone", "accuracy", "0.6667"]
    assert mirror.split()[:3] == ["mirror", "accuracy", "0.6667"]
    assert mean.startswith("mean")
    assert mean.endswith(f"{-(np.log(0.94) + 2 * np.log(0.475)) / 3:.3f}")


def test_the_shipped_model_is_measured_on_a_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_fer2013(tmp_path, per_label=1)
    assert main(["--data", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_folder_without_the_data_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--data", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert str(tmp_path) in said.err
