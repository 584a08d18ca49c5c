"""Which models `emotion-edge model list` says run."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge import service
from edge.__main__ import main
from edge.model_store.place import used_models

NOBODY = 65534


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of the service, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "config.toml")
        monkeypatch.setattr(service, "CONFIG", path)
        path.write_text('[emotion]\nmodel = "emotion-nano"\n', encoding="utf-8")
        yield path


@pytest.fixture
def stranger(settings: Path) -> Iterator[None]:
    """Who runs this may not read them."""
    settings.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield
    if root:
        os.seteuid(0)


def running(rows: list[dict[str, object]]) -> dict[object, object]:
    return {row["name"]: row["runs"] for row in rows}


@pytest.mark.usefixtures("settings")
def test_the_services_settings_say_it(capsys: pytest.CaptureFixture[str]):
    assert main(["model", "list", "--json"]) == 0
    runs = running(json.loads(capsys.readouterr().out)["models"])
    assert (runs["emotion"], runs["emotion-nano"], runs["face"]) == (False, True, True)
    assert main(["model", "list"]) == 0
    assert "sudo" not in capsys.readouterr().out


@pytest.mark.usefixtures("stranger")
def test_without_the_right_to_read_them_nobody_knows(capsys: pytest.CaptureFixture[str]):
    assert used_models() is None
    assert main(["model", "list", "--json"]) == 0
    assert set(running(json.loads(capsys.readouterr().out)["models"]).values()) == {None}
    assert main(["model", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "which of them run: sudo emotion-edge model list"
    assert " runs " not in "".join(lines[:-1])


def test_with_wrong_settings_none_runs(settings: Path):
    settings.write_text("[emotion\n", encoding="utf-8")
    assert used_models() == ()
