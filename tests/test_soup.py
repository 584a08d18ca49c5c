"""The mean of several runs' weights, and the run folder that it becomes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

import keras

from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.distil import trained_network
from training.errors import DataError
from training.networks import residual
from training.run import BEST, CURVE, FACTS
from training.soup import average
from training.sources import read_source

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def ended_run(folder: Path, seed: int, stem: int = 16) -> Path:
    folder.mkdir()
    keras.utils.set_random_seed(seed)
    residual(stem=stem, widths=(16,), blocks=(1,)).save(folder / BEST)
    (folder / CURVE).write_text("epoch,loss,accuracy,nll\n1,1.0,0.5,1.0\n")
    (folder / FACTS).write_text(json.dumps({"seed": seed, "notes": ["kept"]}))
    return folder


def test_two_runs_become_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_fer2013(tmp_path, per_label=1)
    runs = [ended_run(tmp_path / name, seed) for seed, name in enumerate(("first", "second"))]
    mean = tmp_path / "mean"
    assert main(["average", *map(str, runs), "--data", str(tmp_path), "--run", str(mean)]) == 0
    one, other, both = (trained_network(str(folder)).get_weights() for folder in (*runs, mean))
    for a, b, middle in zip(one, other, both, strict=True):
        np.testing.assert_allclose(middle, (a + b) / 2, atol=1e-6)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [*map(str, runs), "mean"]
    facts = json.loads((mean / FACTS).read_text())
    assert facts["seed"] == 1
    assert facts["notes"][0] == "kept"
    assert "mean of those kept by first and second" in facts["notes"][1]
    assert (mean / CURVE).read_text() == (runs[1] / CURVE).read_text()


def test_a_run_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=1)
    run = ended_run(tmp_path / "run", 0)
    with pytest.raises(DataError, match="is the folder of a run already"):
        average([run, run], read_source(tmp_path)["PublicTest"], run)


def test_other_networks_and_missing_runs_are_named(tmp_path: Path) -> None:
    write_fer2013(tmp_path, per_label=1)
    faces = read_source(tmp_path)["PublicTest"]
    run, other = ended_run(tmp_path / "run", 0), ended_run(tmp_path / "other", 0, stem=8)
    with pytest.raises(DataError, match="not all the same network"):
        average([run, other], faces, tmp_path / "mean")
    shutil.rmtree(other)
    with pytest.raises(DataError, match=r"other/best\.keras is missing"):
        average([run, other], faces, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
