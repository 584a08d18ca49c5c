"""Switching to a model for good: what a service says of it decides, and nothing is left halfway."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.emotion.bundle import Bundle
from edge.emotion.card import load_verified
from edge.emotion.tflite import find_model
from edge.errors import EdgeError, ModelError
from edge.model_store import installation, rehearsal
from edge.model_store.place import Place
from edge.model_store.rehearsal import Cost
from edge.model_store.store import Store
from tests.model_store.conftest import MODELS, other, version

SHIPPED = MODELS / "emotion.tflite"
Sign = Callable[..., Path]


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
        assert Store(folder).predecessor("emotion", "1") is None

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
