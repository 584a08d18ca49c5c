"""A whole training run on made-up faces: it finishes, and a killed run ends like one that was not."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.sources import read_source

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")
pytest.importorskip("tensorflow", reason="training needs the training extra: pip install -e .[training]")

import keras

from training import train as module
from training.learner import KerasLearner
from training.memory import with_batch_size
from training.recipe import load_recipe
from training.train import BEST, CURVE, FACTS, Batches, train

STATE = KerasLearner.state_name

# Keras reads TensorFlow's tensors in a way that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_fer2013(folder, per_label=19)
    return folder


@pytest.fixture(scope="module")
def unbroken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run by the command, with seed 1."""
    run = tmp_path_factory.mktemp("runs") / "unbroken"
    assert main(["train", "smoke", "--data", str(data), "--run", str(run)]) == 0
    return run


def test_the_smoke_run_writes_everything(unbroken: Path) -> None:
    assert {path.name for path in unbroken.iterdir()} == {BEST, STATE, CURVE, FACTS, "curves.png"}
    facts = json.loads((unbroken / FACTS).read_text())
    assert facts["seed"] == 1
    assert facts["training"]["faces"] == 7 * 19
    assert facts["training"]["sources"] == ["FER2013"]
    assert sum(facts["training"]["base_rates"]) == pytest.approx(1, abs=1e-4)
    with open(unbroken / CURVE, newline="") as file:
        assert len(list(csv.DictReader(file))) == load_recipe("smoke").epochs


def test_an_unknown_recipe_is_one_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "nothing", "--data", str(data), "--run", str(tmp_path / "run")]) == 2
    assert "no recipe 'nothing'; there are" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_knobs_may_be_set_one_by_one(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "smoke", "--data", str(data), "--run", str(tmp_path / "run")]
    assert main([*command, "--set", "epoch=3", "--set", "batch_size=8"]) == 2
    assert "no knob 'epoch'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "key"), [(["--seed", "7"], "seed"), (["--set", "learning_rate=0.5"], "learning_rate")]
)
def test_another_run_in_the_same_folder_is_refused(
    data: Path, unbroken: Path, capsys: pytest.CaptureFixture[str], more: list[str], key: str
) -> None:
    before = {path.name: path.read_bytes() for path in unbroken.iterdir()}
    assert main(["train", "smoke", "--data", str(data), "--run", str(unbroken), *more]) == 2
    assert f"{unbroken} holds a run with another {key} (" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in unbroken.iterdir()} == before


def test_a_run_whose_batches_were_made_smaller_goes_on_by_the_same_command(data: Path, tmp_path: Path) -> None:
    splits, recipe = read_source(data), replace(load_recipe("smoke"), faces=64)
    shrunk = with_batch_size(recipe, recipe.batch_size // 2)
    for asked in (shrunk, recipe):
        train(asked, splits["Training"], splits["PublicTest"], tmp_path, seed=1)
    assert json.loads((tmp_path / FACTS).read_text())["recipe"]["batch_size"] == shrunk.batch_size


@pytest.mark.parametrize("knob", ["epochs=0", "batch_size=0", "teacher_share=3", "averaging=2", "learning_rate=-1.0"])
def test_a_knob_out_of_range_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], knob: str
) -> None:
    assert main(["train", "smoke", "--data", str(data), "--run", str(tmp_path / "run"), "--set", knob]) == 2
    assert "must be between" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_table_that_is_no_utf8_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "faces.csv"
    table.write_bytes("path,emotion\nMüller.png,happy\n".encode("latin-1"))
    assert main(["train", "smoke", "--data", str(table), "--run", str(tmp_path / "run")]) == 2
    assert f"{table}: not a text file in UTF-8" in capsys.readouterr().err


def test_a_killed_run_ends_like_an_unbroken_one(
    data: Path, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed twice: after the first epoch's state was saved, and before the second's was, so that it is done again."""
    splits = read_source(data)
    for killed_at in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_replace", killed_while_saving_state(epoch=killed_at))
            with pytest.raises(KeyboardInterrupt):
                train(load_recipe("smoke"), splits["Training"], splits["PublicTest"], tmp_path, seed=1)
    train(load_recipe("smoke"), splits["Training"], splits["PublicTest"], tmp_path, seed=1)

    assert (tmp_path / CURVE).read_text() == (unbroken / CURVE).read_text()
    for name in (BEST, STATE):
        one, other = (keras.models.load_model(run / name) for run in (unbroken, tmp_path))
        for expected, actual in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_it_stops_when_it_has_got_no_better_for_long_and_keeps_the_best(data: Path, tmp_path: Path) -> None:
    splits, costs = read_source(data), iter([3.0, 1.0, 2.0, 1.5, 0.5])
    scripted = replace(module.EMOTIONS, score=lambda learner, faces: {"accuracy": 0.5, "nll": next(costs)})
    recipe = replace(load_recipe("smoke"), epochs=5, patience=2, faces=64)
    seen: list[float] = []
    for _ in range(2):  # the second continues, and finds nothing left to do
        train(
            recipe,
            splits["Training"],
            splits["PublicTest"],
            tmp_path,
            seed=1,
            task=scripted,
            watch=lambda line: seen.append(line["nll"]),
        )
    assert seen == [3.0, 1.0, 2.0, 1.5]


def test_small_epochs_come_first_and_show_shrunk_faces(data: Path) -> None:
    faces, recipe = read_source(data)["Training"], replace(load_recipe("smoke"), small_epochs=1, small_side=32)
    small, full = (Batches(faces, recipe, 1, epoch)[0][0] for epoch in (0, 1))
    assert small.shape[1:] == (32, 32, 1)
    assert full.shape[1:] == (48, 48, 1)


def test_a_batch_depends_on_seed_and_place_only(data: Path) -> None:
    faces, recipe = read_source(data)["Training"], load_recipe("smoke")
    first, again, other = (Batches(faces, recipe, seed, 0)[1] for seed in (1, 1, 2))
    assert (first[0] == again[0]).all()
    assert not (first[0] == other[0]).all()
    assert first[0].shape == (recipe.batch_size, 48, 48, 1)
    assert len(Batches(faces, recipe, 1, 0)) == len(faces) // recipe.batch_size


def killed_while_saving_state(epoch: int) -> Callable[[Path, Callable[[Path], None]], None]:
    """The trainer's `_replace`, interrupted after the first epoch's state is written or before the second's is."""
    original = module._replace

    def replace(path: Path, write: Callable[[Path], None]) -> None:
        if path.name != STATE:
            original(path, write)
            return
        if epoch == 1:
            original(path, write)
        raise KeyboardInterrupt

    return replace
