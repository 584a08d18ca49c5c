"""The folder of updates: which model counts after every step, also where the power goes in between."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.emotion.bundle import Bundle, write_bundle
from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.emotion.updates import FOLDER_VARIABLE
from edge.errors import EdgeError, ModelError
from edge.model_store.store import Store
from tests.model_store.conftest import MODELS, SMALL, other, version

ROOT = Path(__file__).parents[2]
SHIPPED = MODELS / "emotion.tflite"


def put(folder: Path, bundle: Bundle, *, well: bool = True) -> None:
    """Install it; well: its trial ends so."""
    store = Store(folder)
    with store.locked():
        store.add(bundle)
        store.start_trial(bundle.name, bundle.version)
        (store.confirm_trial if well else store.end_trial)(bundle.name)


def roll_back(folder: Path) -> str | None:
    store = Store(folder)
    with store.locked():
        return store.roll_back("emotion")


def counts() -> str:
    """The version of the emotion model that a daemon would load now; it is whole."""
    path = find_model("emotion")
    load_verified(path)
    return "shipped" if path == SHIPPED else path.parent.name


def test_without_updates_the_shipped_model_counts(folder: Path):
    assert counts() == "shipped"


def test_each_update_replaces_the_one_before_and_can_be_taken_back(folder: Path):
    put(folder, SMALL)
    put(folder, version(SMALL, "2"))
    assert counts() == "2"
    assert roll_back(folder) == "1"
    assert counts() == "1"
    assert roll_back(folder) is None
    assert counts() == "shipped"
    with pytest.raises(EdgeError, match="nothing to go back to"):
        roll_back(folder)


def test_only_the_version_before_is_kept(folder: Path):
    for number in "123":
        put(folder, version(SMALL, number))
    assert Store(folder).versions("emotion") == ["2", "3"]


def test_what_else_lies_there_is_cleared_away(folder: Path):
    put(folder, SMALL)
    put(folder, version(SMALL, "2"))
    (folder / "emotion" / "README").touch()
    assert roll_back(folder) == "1"
    assert sorted(path.name for path in (folder / "emotion").iterdir()) == ["1", "active"]


def test_a_version_that_was_taken_back_can_come_again(folder: Path):
    put(folder, SMALL)
    put(folder, version(SMALL, "2"))
    put(folder, version(SMALL, "1"))
    assert counts() == "1"
    assert roll_back(folder) == "2"


def test_a_trial_counts_for_as_long_as_its_installer_lives(folder: Path):
    put(folder, SMALL)
    store = Store(folder)
    with store.locked():
        store.add(version(SMALL, "2"))
        assert counts() == "1"
        store.start_trial("emotion", "2")
        assert counts() == "2"
    assert counts() == "1"


def test_a_trial_that_ends_badly_leaves_nothing(folder: Path):
    put(folder, SMALL)
    store = Store(folder)
    with store.locked():
        store.add(version(SMALL, "2"))
        store.start_trial("emotion", "2")
        store.end_trial("emotion")
        assert counts() == "1"
    assert store.versions("emotion") == ["1"]


def model_of(folder: Path, number: str) -> Path:
    return folder / "emotion" / number / "emotion.tflite"


def damage(folder: Path, number: str) -> None:
    model_of(folder, number).write_bytes(b"damaged")


class TestAnExistingVersion:
    @pytest.fixture(autouse=True)
    def two(self, folder: Path) -> None:
        put(folder, SMALL)
        put(folder, version(SMALL, "2"))

    @pytest.mark.parametrize("number", ["1", "2"])
    @pytest.mark.parametrize("change", [other, lambda bundle: version(bundle, bundle.version, bias=[0.0] * 7)])
    def test_another_model_of_its_name_is_refused(self, folder: Path, number: str, change):
        refused = f"another model is kept as emotion {number}: give the new one another version"
        with Store(folder).locked(), pytest.raises(ModelError, match=refused):
            Store(folder).add(change(version(SMALL, number)))
        assert (counts(), Store(folder).versions("emotion")) == ("2", ["1", "2"])
        assert model_of(folder, number).read_bytes() == SMALL.model

    def test_the_same_is_not_written_again(self, folder: Path):
        before = model_of(folder, "1").stat()
        put(folder, SMALL)
        after = model_of(folder, "1").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert (counts(), Store(folder).predecessor("emotion", "1")) == ("1", "2")

    @pytest.mark.parametrize("number", ["1", "2"])
    def test_a_new_one_is_out_of_sight_until_its_trial(self, folder: Path, number: str):
        damage(folder, number)
        bundle = other(version(SMALL, number))
        with Store(folder).locked():
            model = Store(folder).add(bundle)
            assert load_verified(model)[0] == bundle.model
            assert model_of(folder, number).read_bytes() == b"damaged"
            Store(folder).start_trial("emotion", number)
            assert load_verified(find_model("emotion"))[0] == bundle.model
            Store(folder).confirm_trial("emotion")
        assert load_verified(find_model("emotion"))[0] == bundle.model

    def test_a_refused_one_does_not_run_in_the_place_of_a_damaged_one(self, folder: Path):
        damage(folder, "2")
        put(folder, other(version(SMALL, "2")), well=False)
        assert (counts(), Store(folder).versions("emotion")) == ("1", ["1"])

    def test_nor_in_the_place_of_one_that_is_gone(self, folder: Path):
        shutil.rmtree(folder / "emotion" / "2")
        put(folder, other(version(SMALL, "2")), well=False)
        assert counts() == "shipped"

    def test_where_both_are_damaged_the_shipped_one_is_left(self, folder: Path):
        damage(folder, "1")
        damage(folder, "2")
        put(folder, other(version(SMALL, "2")), well=False)
        assert counts() == "shipped"

    def test_a_refused_one_is_nothing_to_go_back_to(self, folder: Path):
        damage(folder, "1")
        put(folder, other(SMALL), well=False)
        assert (counts(), Store(folder).versions("emotion")) == ("2", ["2"])
        assert roll_back(folder) is None

    def test_nor_is_one_that_has_the_name_of_one_that_was_removed(self, folder: Path):
        put(folder, SMALL)
        assert roll_back(folder) == "2"  # which once replaced 1
        put(folder, other(SMALL), well=False)
        assert (counts(), Store(folder).versions("emotion")) == ("2", ["2"])


def test_two_do_not_install_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("edge.model_store.store.PATIENCE_S", 0.1)
    with (
        Store(folder).locked(),
        pytest.raises(EdgeError, match="another model is being installed"),
        Store(folder).locked(),
    ):
        pass


def test_a_strangers_folder_is_left_alone(folder: Path):
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, 12345)
    with pytest.raises(EdgeError, match="belongs to another user"), Store(folder).locked():
        pass


def test_roots_folder_is_for_root(folder: Path, monkeypatch: pytest.MonkeyPatch):
    folder.mkdir()
    if folder.stat().st_uid != 0:
        pytest.skip("only root can make a folder of root's")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with (
        pytest.raises(EdgeError, match=r"only root may change .*: put sudo before the command"),
        Store(folder).locked(),
    ):
        pass


def test_an_active_version_that_is_gone_says_what_to_do(folder: Path):
    put(folder, SMALL)
    shutil.rmtree(folder / "emotion" / "1")
    with pytest.raises(ModelError, match="emotion-edge model rollback emotion"):
        counts()
    assert roll_back(folder) is None
    assert counts() == "shipped"


def test_everybody_can_read_it_whatever_the_umask(folder: Path):
    before = os.umask(0o077)
    try:
        put(folder, SMALL)
    finally:
        os.umask(before)
    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o755 == (0o755 if path.is_dir() else 0o644), path


def whole() -> str:
    """The version that counts, where it is not damaged."""
    try:
        return counts()
    except ModelError:
        return "damaged"


@pytest.mark.parametrize(
    ("what", "damaged", "states"),
    [
        ("3", "", ["2", "3"]),
        ("rollback", "", ["2", "1"]),
        ("1", "", ["2", "1"]),
        ("1", "1", ["2", "1"]),
        ("2", "2", ["damaged", "1", "2"]),
    ],
)
def test_wherever_it_is_killed_a_whole_model_counts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, damaged: str, states: list[str]
):
    """The old one, then the new one. In the place of a damaged one, the one before that runs until the new one does."""
    put(folder, version(SMALL, "1"))
    put(folder, version(SMALL, "2"))
    if damaged:
        damage(folder, damaged)
    after = states[-1]
    update, left = tmp_path / "update", tmp_path / "left"
    bundle = version(SMALL, after)
    update.write_bytes(write_bundle(bundle))
    arguments = [folder, what if what == "rollback" else update, left]
    command = [sys.executable, "-m", "tests.model_store.killed_installer", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.setattr(os, "fsync", lambda _: None)  # what follows need not outlast a power cut
    counted = []
    for death in sorted(left.iterdir(), key=lambda path: int(path.name)):
        monkeypatch.setenv(FOLDER_VARIABLE, str(death))
        counted.append(whole())
        if counted[-1] != after:  # the owner tries again
            roll_back(death) if what == "rollback" else put(death, bundle)
        with Store(death).locked():
            assert counts() == after
        assert not list(death.rglob("[.]*")), f"{death} is not tidy"
    assert [state for state, _ in itertools.groupby(counted)] == states
