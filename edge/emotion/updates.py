"""Where updated models lie and which of them counts. Only reads; `edge.model_store` writes.

lock                            held by whoever installs, for as long as they do
emotion/2026.11/                emotion.tflite, emotion.json, golden.json, and `replaces`: what ran before
emotion/active -> 2026.11       runs; without it, the model that came with the program does
emotion/trial -> 2026.12        runs instead while its installer lives: a power cut ends the trial with the old model
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from edge.errors import ModelError

ACTIVE: Final = "active"
TRIAL: Final = "trial"
LOCK: Final = "lock"

FOLDER_VARIABLE: Final = "EMOTION_EDGE_MODELS"
"""Environment variable: another folder than the service's."""

OF_THE_SERVICE = Path("/var/lib/emotion-edge/models")


def updates_folder() -> Path | None:
    """None in a checkout: it runs the models it holds, whatever the service of this machine has been given."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    in_checkout = (Path(__file__).parents[2] / "models").is_dir()
    return None if in_checkout else OF_THE_SERVICE


def updated_model(name: str) -> Path | None:
    """The .tflite file that an update has put in the place of the shipped one. Raises ModelError where it is gone."""
    folder = updates_folder()
    if folder is None:
        return None
    if version := current_version(folder, name):
        return model_file(folder, name, version)
    return None


def current_version(folder: Path, name: str) -> str | None:
    """Of the update that counts now; None where it is the shipped model."""
    trial = linked(folder / name / TRIAL)
    if trial and is_installing(folder):
        return trial
    return linked(folder / name / ACTIVE)


def model_file(folder: Path, name: str, version: str) -> Path:
    path = folder / name / version / f"{name}.tflite"
    if not path.is_file():
        raise ModelError(f"{path} is gone; go back to the model before it: sudo emotion-edge model rollback {name}")
    return path


def linked(link: Path) -> str | None:
    """The version that a link names."""
    try:
        return os.readlink(link)
    except OSError:
        return None


def is_installing(folder: Path) -> bool:
    """Whether the lock is held. The kernel lets it go with whoever held it, however they ended."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
