"""Bundles of the shipped model, and a pair of keys made by minisign itself."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.emotion.bundle import Bundle, write_bundle
from edge.emotion.updates import FOLDER_VARIABLE
from edge.model_store import installation, rehearsal
from edge.model_store.place import Place
from edge.model_store.rehearsal import Cost
from quantize.bundle import make_bundle

MODELS = Path(__file__).parents[2] / "models"
MINISIGN = shutil.which("minisign")


SMALL = Bundle("1", {"name": "emotion", "sha256": hashlib.sha256(b"").hexdigest()}, b"", b"{}")
"""Of a network of no bytes."""


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    """The shipped emotion model as version 1."""
    return make_bundle(MODELS / "emotion.tflite", "1", (), "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of updates, for this process and those it starts."""
    folder = tmp_path / "updates"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of model-key.pub and model-key."""
    if MINISIGN is None:
        pytest.skip("minisign is not installed")
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "model-key.pub", folder / "model-key")
    return folder


def make_key(public: Path, secret: Path) -> None:
    subprocess.run([MINISIGN, "-GW", "-p", public, "-s", secret], check=True, capture_output=True, timeout=60)


def sign(file: Path, secret: Path, *options: str) -> None:
    command = [MINISIGN, "-S", "-s", secret, "-m", file, *options]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def signed(keys: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle, or any bytes, signs it and returns its path."""

    def write(bundle: Bundle | bytes, secret: Path = keys / "model-key") -> Path:
        path = tmp_path / "update.emotion-edge"
        path.write_bytes(bundle if isinstance(bundle, bytes) else write_bundle(bundle))
        sign(path, secret)
        return path

    return write


def version(bundle: Bundle, number: str, **changes: object) -> Bundle:
    """The same model under another number, with these changes of its card."""
    return replace(bundle, version=number, card={**bundle.card, **changes})


def other(bundle: Bundle) -> Bundle:
    """Another model under the same name and number."""
    model = bundle.model + b"\0"
    card = {**bundle.card, "sha256": hashlib.sha256(model).hexdigest()}
    return replace(bundle, model=model, card=card)


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
