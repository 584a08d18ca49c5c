"""From a signed file to the running model, with minisign, processes and a folder as on a device; without systemd."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge import __version__
from edge.config import load_config
from edge.emotion.bundle import Bundle, write_bundle
from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.errors import EdgeError, ModelError
from edge.model_store import fit, installation, rehearsal
from edge.model_store.place import Place
from edge.model_store.rehearsal import Cost, check_cost
from edge.model_store.store import Store
from quantize.bundle import make_bundle
from tests.model_store.conftest import MODELS, SMALL, other, version

ROOT = Path(__file__).parents[2]
SHIPPED = MODELS / "emotion.tflite"
Sign = Callable[..., Path]


@pytest.fixture
def install(folder: Path, keys: Path) -> Callable[..., list[str]]:
    """Installs a file and returns what the owner was told."""

    def run(file: Path, **options: bool) -> list[str]:
        said: list[str] = []
        installation.install(Place(folder, None), file, keys / "model-key.pub", said.append, **options)
        return said

    return run


@pytest.fixture
def no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what comes before and after it."""
    monkeypatch.setattr(rehearsal, "cost", lambda *_, **__: Cost(0.2, 60.0))
    monkeypatch.setattr(rehearsal, "check_on_demo", lambda *_: None)


def kill_thrice() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), number)


class Recorder:
    """Of the models with which the service has been started; signals come in while it is."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def __call__(self) -> None:
        kill_thrice()
        self.models.append(find_model("emotion").parent.name)


def emotion_edge(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)


def test_an_update_and_the_way_back(folder: Path, keys: Path, signed: Sign, shipped: Bundle):
    """The whole of it, as the owner calls it."""
    file = signed(shipped)
    done = emotion_edge("model", "install", file, "--key", keys / "model-key.pub")
    assert (done.returncode, done.stderr) == (0, "")
    assert "it answers its golden set rightly here" in done.stdout
    assert done.stdout.endswith("emotion 1 is installed\n")
    assert find_model("emotion") == folder / "emotion" / "1" / "emotion.tflite"
    rows = json.loads(emotion_edge("model", "list", "--json").stdout)["models"]
    assert [(row["name"], row["version"], row["runs"]) for row in rows] == [
        ("blazeface", "shipped", False),
        ("emotion", "1", True),
        ("emotion", "shipped", False),
        ("emotion-nano", "shipped", False),
        ("face", "shipped", True),
        ("face-far", "shipped", False),
    ]
    assert [row["version"] for row in rows if row["name"] == "emotion" and row["counts"]] == ["1"]
    lines = emotion_edge("model", "list").stdout.splitlines()
    assert lines[1].split()[:3] == ["emotion", "1", "runs"]
    unknown = emotion_edge("model", "rollback", "emotoin")
    assert unknown.returncode == 1
    assert "there is no model 'emotoin'; there are blazeface, emotion, " in unknown.stderr
    back = emotion_edge("model", "rollback")
    assert (back.returncode, back.stdout) == (0, "emotion: the shipped model counts again\n")
    assert find_model("emotion") == SHIPPED


def test_a_model_that_answers_differently_here_is_refused(install, signed: Sign, shipped: Bundle):
    golden = json.loads(shipped.golden)
    golden["cases"][3]["outputs"][0] = golden["cases"][4]["outputs"][0]
    file = signed(replace(shipped, golden=json.dumps(golden).encode()))
    with pytest.raises(
        ModelError, match=r"emotion 1 is not installed: .*answers 'stripes' differently from where it was"
    ):
        install(file)
    assert find_model("emotion") == SHIPPED


def test_a_network_that_crashes_the_interpreter_is_refused(install, signed: Sign, shipped: Bundle):
    content = bytearray(shipped.model)
    content[4000:900_000] = bytes(896_000)
    card = {**shipped.card, "sha256": hashlib.sha256(content).hexdigest()}
    with pytest.raises(ModelError, match="emotion 1 is not installed"):
        install(signed(replace(shipped, model=bytes(content), card=card)))
    assert find_model("emotion") == SHIPPED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"boards": ("Commodore 64",)}, "it is for Commodore 64, and this is"),
        ({"needs_version": "99.0"}, f"needs emotion-edge 99.0, this is {__version__}"),
        ({"card": {"labels": ["sad", "happy"]}}, "expects"),
        ({"card": {"crop_version": 99}}, "crop rule 99"),
        ({"card": {"temperature": -1}}, "temperature has no sensible value"),
        ({"card": {"base_rates": "equal"}}, "base_rates has no sensible value"),
        ({"card": {"bias": [0, 0, 0]}}, "bias has no sensible value"),
        ({"card": {"uncertain_below": None}}, "uncertain_below has no sensible value"),
    ],
)
def test_what_does_not_fit_is_refused(install, signed: Sign, shipped: Bundle, changes, reason: str):
    card = {**shipped.card, **changes.pop("card", {})}
    file = signed(replace(shipped, card=card, **changes))
    with pytest.raises(ModelError, match=reason) as refused:
        install(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert len(str(refused.value).splitlines()) == 1
    assert find_model("emotion") == SHIPPED


@pytest.mark.parametrize(
    ("needs", "has", "fits"),
    [
        ("0.1.0.0", "0.1.0", True),
        ("0.1", "0.1.0", True),
        ("0.1.0.1", "0.1.0", False),
        ("0.2", "0.1.9", False),
        ("0", "0.1", True),
    ],
)
def test_versions_of_the_program_are_numbers(shipped: Bundle, monkeypatch, needs: str, has: str, fits: bool):
    monkeypatch.setattr(fit, "__version__", has)
    with contextlib.nullcontext() if fits else pytest.raises(ModelError, match=f"needs emotion-edge {needs}"):
        fit.check_fit(replace(shipped, needs_version=needs), None)


def test_a_face_detector_under_the_name_of_an_emotion_model(install, signed: Sign):
    face = make_bundle(MODELS / "face.tflite", "1", (), "")
    with pytest.raises(
        ModelError, match="'emotion' is a model of kind emotion here, and this one is of kind anchor-free"
    ):
        install(signed(replace(face, card={**face.card, "name": "emotion"})))


@pytest.mark.parametrize("board", [platform.machine(), "Raspberry Pi 5"])
def test_a_bundle_for_this_board_fits(shipped: Bundle, monkeypatch: pytest.MonkeyPatch, board: str):
    monkeypatch.setattr(fit, "board", lambda: "Raspberry Pi 5 Model B Rev 1.0")
    fit.check_fit(replace(shipped, boards=("Jetson Orin", board)), SHIPPED)


def test_a_stranger_and_a_missing_file_are_told_by_their_codes(
    folder: Path, keys: Path, tmp_path: Path, shipped: Bundle
):
    unsigned = tmp_path / "unsigned"
    unsigned.write_bytes(write_bundle(shipped))
    for file, code, words in ((unsigned, 78, "is not signed"), (tmp_path / "nowhere", 2, "No such file")):
        done = emotion_edge("model", "install", file, "--key", keys / "model-key.pub")
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (code, "", 1), done.stderr
        assert words in done.stderr
    assert not folder.exists()


def test_a_file_of_gigabytes_is_not_read(install, tmp_path: Path):
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ModelError, match="too large for a bundle"):
        install(huge)


def test_the_services_user_can_read_what_a_model_is_tried_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever root's own folder for such files is."""

    def run(arguments: list[str], user: str | None) -> str:
        path = Path(arguments[-1])
        assert (user, path.parent, path.stat().st_mode & 0o777) == ("somebody", Path("/tmp"), 0o644)
        assert load_config(path).emotion.model == str(SHIPPED)
        return '{"faces": [{"uncertain": false}]}\n' * 60

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(rehearsal, "_run", run)
    rehearsal.check_on_demo("emotion", SHIPPED, "somebody")


@pytest.mark.parametrize(("section", "reason"), [("emotion", "named in 20 of 60"), ("face", "found in 29 of 60")])
def test_an_emotion_model_has_to_name_the_face_that_is_found(section: str, reason: str, monkeypatch):
    faces = [*[[{"uncertain": True}, {"uncertain": False}]] * 20, *[[{"uncertain": True}]] * 9, *[[]] * 31]
    lines = [*({"faces": found} for found in faces), {"event": "left"}]
    monkeypatch.setattr(rehearsal, "_run", lambda *_: "\n".join(map(json.dumps, lines)))
    with pytest.raises(ModelError, match=f"with it the demo's face is {reason} frames only"):
        rehearsal.check_on_demo(section, SHIPPED)


def test_a_model_that_is_never_sure_is_refused(install, signed: Sign, shipped: Bundle):
    with pytest.raises(ModelError, match="emotion 1 is not installed: with it the demo's face is named in 0 of 60"):
        install(signed(version(shipped, "1", uncertain_below=1.0)))


@pytest.mark.usefixtures("no_rehearsal")
class TestSwitch:
    def test_the_same_bundle_twice_is_no_fault(self, install, signed: Sign, shipped: Bundle):
        file = signed(shipped)
        install(file)
        assert install(file)[-1] == "it runs already"

    def test_another_model_of_the_same_version_is(self, install, signed: Sign, shipped: Bundle):
        install(signed(shipped))
        with pytest.raises(ModelError, match="another model is kept as emotion 1: give the new one another version"):
            install(signed(other(shipped)))
        assert load_verified(find_model("emotion"))[0] == shipped.model

    def test_a_refused_model_has_not_touched_the_damaged_one(
        self, install, folder: Path, signed: Sign, shipped: Bundle, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(_: str, model: Path, __: str | None) -> None:
            assert load_verified(model)[0] == shipped.model
            raise ModelError("no face")

        install(signed(shipped))
        (folder / "emotion" / "1" / "emotion.tflite").write_bytes(b"")
        monkeypatch.setattr(rehearsal, "check_on_demo", refuse)
        with pytest.raises(ModelError, match="emotion 1 is not installed: no face"):
            install(signed(shipped))
        assert (folder / "emotion" / "1" / "emotion.tflite").read_bytes() == b""
        assert sorted(path.name for path in (folder / "emotion").iterdir()) == ["1", "active"]

    def test_what_runs_is_asked_once_nobody_else_installs(
        self, install, folder: Path, signed: Sign, shipped: Bundle, monkeypatch: pytest.MonkeyPatch
    ):
        """Before that, it may be the other one's trial."""
        measured: list[Path] = []

        def cost(model: Path, *_: object, **__: object) -> Cost:
            measured.append(model)
            return Cost(0.2, 60.0)

        store = Store(folder)
        check = installation.signature.verify

        def verify(*arguments: object) -> str:
            """Another installer is busy meanwhile."""
            with store.locked():
                store.add(version(shipped, "9"))
                store.start_trial("emotion", "9")
                said = check(*arguments)
                verified_in_trial.append(find_model("emotion").parent.name)
                store.end_trial("emotion")
            return said

        verified_in_trial: list[str] = []
        monkeypatch.setattr(installation.signature, "verify", verify)
        monkeypatch.setattr(rehearsal, "cost", cost)
        assert install(signed(shipped))[-1] == "emotion 1 is installed"
        assert (verified_in_trial, measured[1:]) == (["9"], [SHIPPED])

    def test_a_full_disk_leaves_the_old_model(self, install, signed: Sign, shipped, monkeypatch: pytest.MonkeyPatch):
        install(signed(shipped))

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        file = signed(version(shipped, "2"))
        monkeypatch.setattr("edge.model_store.durable.write_file", full)
        with pytest.raises(EdgeError, match="No space left on device; the model that ran before runs on"):
            install(file)
        assert find_model("emotion").parent.name == "1"

    def test_a_damaged_model_can_be_installed_again(self, install, folder: Path, signed: Sign, shipped: Bundle):
        install(signed(shipped))
        (folder / "emotion" / "1" / "emotion.tflite").write_bytes(b"")
        assert install(signed(shipped))[-1] == "emotion 1 is installed"
        assert load_verified(find_model("emotion"))[0] == shipped.model
        assert Store(folder).replaced_by("emotion", "1") is None

    def test_an_interruption_leaves_the_old_model(
        self, install, signed: Sign, shipped, monkeypatch: pytest.MonkeyPatch
    ):
        def interrupted(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(rehearsal, "check_on_demo", interrupted)
        with pytest.raises(EdgeError, match="interrupted; the model that ran before runs on"):
            install(signed(shipped))
        assert find_model("emotion") == SHIPPED
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    @pytest.mark.parametrize("why", ["", "it ended"])
    def test_putting_back_is_not_interrupted(
        self, install, signed: Sign, shipped, monkeypatch: pytest.MonkeyPatch, why: str
    ):
        """Not by the second signal, and not by the first where the service was not well."""
        started: list[str] = []

        def restarted() -> str:
            if not why:
                os.kill(os.getpid(), signal.SIGTERM)
            started.append(find_model("emotion").parent.name)
            return why

        end_trial = Store.end_trial

        def ended(*arguments: str) -> None:
            kill_thrice()
            end_trial(*arguments)
            kill_thrice()

        monkeypatch.setattr(Place, "is_served", lambda *_: True)
        monkeypatch.setattr("edge.model_store.trial.restarted", restarted)
        monkeypatch.setattr("edge.service.restart", service_restart := Recorder())
        monkeypatch.setattr(Store, "end_trial", ended)
        with pytest.raises(EdgeError, match="taken back: .* it ended" if why else "interrupted; the model"):
            install(signed(shipped))
        assert (started, service_restart.models) == ((["1", "models"], []) if why else ([], ["models"]))

    def test_neither_is_confirming(self, install, signed: Sign, shipped, monkeypatch: pytest.MonkeyPatch):
        confirm = Store.confirm_trial

        def confirmed(*arguments: str) -> None:
            kill_thrice()
            confirm(*arguments)
            kill_thrice()

        monkeypatch.setattr(Store, "confirm_trial", confirmed)
        assert install(signed(shipped))[-1] == "emotion 1 is installed"

    @pytest.mark.parametrize("call", ["unlink", "fsync"])
    def test_what_cannot_be_tidied_away_is_only_told(
        self, install, folder: Path, signed: Sign, shipped, monkeypatch: pytest.MonkeyPatch, caplog, call: str
    ):
        rename = os.rename

        def broken(*_: object, **__: object) -> None:
            raise OSError(5, "Input/output error")

        def renamed(old: Path, new: Path) -> None:
            """From the switch on, the disk makes trouble."""
            rename(old, new)
            if Path(new).name == "active":
                monkeypatch.setattr(os, call, broken)

        file = signed(shipped)
        monkeypatch.setattr(os, "rename", renamed)
        assert install(file)[-1] == "emotion 1 is installed"
        assert find_model("emotion").parent.name == "1"
        assert f"{folder / 'emotion'} cannot be tidied: Input/output error" in caplog.text

    @pytest.mark.parametrize("why", ["", "it ended (exit-code, code 1)"])
    def test_the_service_decides(
        self, install, signed: Sign, shipped: Bundle, monkeypatch: pytest.MonkeyPatch, why: str
    ):
        tried: list[str] = []

        def restarted() -> str:
            tried.append(find_model("emotion").parent.name)
            return why if len(tried) == 1 else ""

        monkeypatch.setattr(Place, "is_served", lambda *_: True)
        monkeypatch.setattr("edge.model_store.trial.restarted", restarted)
        if not why:
            install(signed(shipped))
            assert tried == ["1"]
            return
        with pytest.raises(ModelError, match=r"taken back: .* it ended .*; the old model runs again"):
            install(signed(shipped))
        assert tried == ["1", "models"]
        assert find_model("emotion") == SHIPPED


def test_a_watch_that_is_cut_off_says_that_the_model_is_taken_back(
    folder: Path, signed: Sign, shipped: Bundle, keys: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(again: Callable[[], None]) -> str:
        again()
        os.kill(os.getpid(), signal.SIGINT)
        return "it was not cut off"

    monkeypatch.setattr("edge.service.restart", lambda: kill_thrice())
    installation.install(Place(folder, None), signed(shipped), keys / "model-key.pub", lambda _: None)
    monkeypatch.setattr(Place, "is_served", lambda *_: True)
    monkeypatch.setattr("edge.model_store.trial.restarted", interrupted)
    with pytest.raises(EdgeError, match="the model is taken back all the same"):
        installation.roll_back(Place(folder, None), "emotion", lambda _: None)
    assert find_model("emotion") == SHIPPED


def test_the_program_that_is_tried_is_the_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Not one that happens to lie in the folder where root calls the command."""
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "__init__.py").write_text("raise SystemExit(5)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert rehearsal.cost(SHIPPED).ms > 0


@pytest.mark.parametrize(
    ("new", "reason"), [(Cost(0.5, 60), "0.50 ms instead of 0.20 ms"), (Cost(0.2, 160), "160 MB instead of 60 MB")]
)
def test_a_much_dearer_model_has_to_be_meant(new: Cost, reason: str):
    with pytest.raises(ModelError, match=f"{reason}.*--accept-cost"):
        check_cost(new, Cost(0.2, 60))
    check_cost(Cost(0.3, 80), Cost(0.2, 60))


def test_a_model_that_never_shipped_has_nothing_left(folder: Path):
    store, bundle = Store(folder), replace(SMALL, card={**SMALL.card, "name": "own"})
    with store.locked():
        store.add(bundle)
        store.start_trial("own", "1")
        store.confirm_trial("own")
    said: list[str] = []
    installation.roll_back(Place(folder, None), "own", said.append)
    assert said == ["own: no model of this name is left, for none came with the program"]
    with pytest.raises(EdgeError, match="own has no update: there is nothing to go back to"):
        installation.roll_back(Place(folder, None), "own", said.append)


def test_a_checkout_has_no_updates(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("EMOTION_EDGE_MODELS", raising=False)
    done = emotion_edge("model", "rollback")
    assert done.returncode == 1
    assert "this checkout runs the models in models/" in done.stderr
