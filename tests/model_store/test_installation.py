"""From a signed file to the running model, with minisign, processes and a folder as on a device; without systemd."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge import __version__
from edge.config_file import load_config
from edge.emotion.bundle import Bundle, write_bundle
from edge.emotion.tflite import find_model
from edge.errors import EdgeError, ModelError
from edge.model_store import fit, installation, rehearsal
from edge.model_store.place import Place
from edge.model_store.rehearsal import Cost, check_cost
from edge.model_store.store import Store
from quantize.bundle import make_bundle
from tests.model_store.conftest import MODELS, SMALL, version

ROOT = Path(__file__).parents[2]
SHIPPED = MODELS / "emotion.tflite"
Sign = Callable[..., Path]


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
    monkeypatch.setattr(fit.board, "name", lambda: "Raspberry Pi 5 Model B Rev 1.0")
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
