"""A whole training run on made-up faces: it finishes, and a killed run ends like one that was not."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotion.labels import LABELS
from tests.synthetic_fer2013 import write_fer2013
from training.__main__ import main
from training.sources import read_source

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")
pytest.importorskip("tensorflow", reason="training needs the training extra: pip install -e .[training]")

import keras

from training import train as module
from training.batches import Batches
from training.data import FaceSet
from training.emotions import EMOTIONS
from training.learner import KerasLearner
from training.memory import with_batch_size
from training.recipe import load_recipe
from training.run import BEST, CURVE, FACTS
from training.train import train

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


@pytest.mark.parametrize(("name", "content"), [(FACTS, '{"recipe": {"epo'), (FACTS, "{}"), (CURVE, "epoch,nll\n1,")])
def test_a_damaged_file_of_a_run_is_one_line(
    data: Path, unbroken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(unbroken, run)
    (run / name).write_text(content)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    capsys.readouterr()
    assert main(["train", "smoke", "--data", str(data), "--run", str(run)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"training: {run / name} is damaged (")
    assert said.endswith("): delete the folder, or name another --run\n")
    assert said.count("\n") == 1
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_kill_while_the_facts_are_written_leaves_none_that_are_damaged(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = read_source(data)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", written_by_half)
        with pytest.raises(KeyboardInterrupt):
            train(load_recipe("smoke"), splits["Training"], splits["PublicTest"], tmp_path, 1, EMOTIONS)
    assert not (tmp_path / FACTS).exists()


def test_some_of_the_faces_are_drawn_from_all_of_them_by_the_seed() -> None:
    labels = np.repeat(np.arange(7), 50)
    faces = FaceSet(np.zeros((350, 1, 1), np.uint8), np.eye(7, dtype=np.float32)[labels], labels, np.arange(350))
    one, again, other = (faces.some(100, seed).rows.tolist() for seed in (1, 1, 2))
    assert one == again == sorted(set(one))
    assert len(one) == 100
    assert set(labels[one]) == set(range(7))
    assert one != other
    assert len(faces.some(None, 1)) == len(faces.some(1000, 1)) == 350


def test_a_run_on_some_of_the_faces_sees_every_emotion_and_goes_on_with_the_same(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The faces lie in folders: the first of them are all angry."""
    training = read_source(data)["Training"]
    for label, image in zip(training.labels, training.images, strict=True):
        folder = tmp_path / "faces" / LABELS[label]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{len(list(folder.iterdir()))}.png"), image)
    command = ["train", "smoke", f"--data={tmp_path / 'faces'}", f"--run={tmp_path / 'run'}", "--set", "epochs=1"]
    for _ in range(2):  # the second continues, and finds nothing left to do
        assert main([*command, "faces=64", "batch_size=32"]) == 0
    facts = json.loads((tmp_path / "run" / FACTS).read_text())["training"]
    assert facts["faces"] == 64
    assert min(facts["base_rates"]) > 0
    assert main([*command, "faces=3", "--run", str(tmp_path / "other")]) == 2
    assert "of 3 Training faces none is" in capsys.readouterr().err


def test_a_run_whose_batches_were_made_smaller_goes_on_by_the_same_command(data: Path, tmp_path: Path) -> None:
    splits, recipe = read_source(data), load_recipe("smoke")
    shrunk = with_batch_size(recipe, recipe.batch_size // 2)
    for asked in (shrunk, recipe):
        train(asked, splits["Training"], splits["PublicTest"], tmp_path, 1, EMOTIONS)
    assert json.loads((tmp_path / FACTS).read_text())["recipe"]["batch_size"] == shrunk.batch_size


@pytest.mark.parametrize("knob", ["epochs=0", "batch_size=0", "teacher_share=3", "averaging=2", "learning_rate=-1.0"])
def test_a_knob_out_of_range_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], knob: str
) -> None:
    assert main(["train", "smoke", "--data", str(data), "--run", str(tmp_path / "run"), "--set", knob]) == 2
    assert "must be between" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", ["-1", "4294967296", "one", "1.5"])
def test_a_seed_that_no_generator_takes_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "smoke", "--data", str(data), "--run", str(tmp_path / "run"), f"--seed={seed}"])
    assert ended.value.code == 2
    assert f"argument --seed: {seed}: must be a whole number from 0 to 4294967295" in capsys.readouterr().err
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
            patch.setattr(module, "replace_file", killed_while_saving_state(epoch=killed_at))
            with pytest.raises(KeyboardInterrupt):
                train(load_recipe("smoke"), splits["Training"], splits["PublicTest"], tmp_path, 1, EMOTIONS)
    train(load_recipe("smoke"), splits["Training"], splits["PublicTest"], tmp_path, 1, EMOTIONS)

    assert (tmp_path / CURVE).read_text() == (unbroken / CURVE).read_text()
    for name in (BEST, STATE):
        one, other = (keras.models.load_model(run / name) for run in (unbroken, tmp_path))
        for expected, actual in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_it_stops_when_it_has_got_no_better_for_long_and_keeps_the_best(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits, costs = read_source(data), iter([3.0, 1.0, 2.0, 1.5, 0.5])
    scripted = replace(EMOTIONS, score=lambda learner, faces: {"accuracy": 0.5, "nll": next(costs)})
    recipe = replace(load_recipe("smoke"), epochs=5, patience=2)
    seen: list[float] = []
    for _ in range(2):  # the second continues, and finds nothing left to do
        train(
            recipe,
            splits["Training"],
            splits["PublicTest"],
            tmp_path,
            1,
            scripted,
            watch=lambda line: seen.append(line["nll"]),
        )
        (bar,) = re.findall(r"(\d+)/(\d+)", capsys.readouterr().out)
        assert bar[0] == bar[1], "the bar is full"
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


def written_by_half(path: Path, text: str, **_: object) -> None:
    path.write_bytes(text[: len(text) // 2].encode())
    raise KeyboardInterrupt


def killed_while_saving_state(epoch: int) -> Callable[[Path, Callable[[Path], None]], None]:
    """The trainer's `replace_file`, interrupted after the first epoch's state is written or before the second's is."""
    original = module.replace_file

    def replace(path: Path, write: Callable[[Path], None]) -> None:
        if path.name != STATE:
            original(path, write)
            return
        if epoch == 1:
            original(path, write)
        raise KeyboardInterrupt

    return replace
