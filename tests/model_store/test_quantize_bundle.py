"""`python -m quantize bundle` packs what a device takes."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.emotion.bundle import read_bundle
from edge.emotion.golden import check_golden
from edge.emotion.tflite import TfliteModel
from edge.errors import ModelError
from quantize.__main__ import main


@pytest.mark.parametrize("name", ["emotion", "face"])
def test_a_bundle_of_each_kind(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    arguments = [
        "--model",
        name,
        "--version",
        "2026.12",
        "--board",
        "aarch64",
        "--needs",
        "0.1",
        "--out",
        str(tmp_path),
    ]
    assert main(["bundle", *arguments]) == 0
    path = tmp_path / f"{name}-2026.12.emotion-edge"
    assert f"next: minisign -Sm {path}" in caplog.text
    bundle = read_bundle(path.read_bytes())
    assert (bundle.name, bundle.version, bundle.boards, bundle.needs_version) == (name, "2026.12", ("aarch64",), "0.1")
    assert check_golden(TfliteModel(bundle.model, name), bundle.golden) >= 4


@pytest.mark.parametrize("version", ["../1", "", "a b"])
def test_a_version_no_folder_may_have(tmp_path: Path, version: str, capsys: pytest.CaptureFixture[str]):
    assert main(["bundle", "--model", "emotion", "--version", version, "--out", str(tmp_path)]) == 2
    assert "must be letters, digits" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("golden", "reason"),
    [
        (b"", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[]", "cannot be read"),
        (b'{"cases": []}', "must hold 1 to 64 cases"),
        (b'{"cases": [1]}', "must hold 1 to 64 cases"),
        (b'{"cases": [{}]}', "not one of this model"),
        (b'{"cases": [{"input": "AAAA", "outputs": []}]}', "not one of this model"),
        (b'{"cases": [{"input": 7, "outputs": []}]}', "not one of this model"),
        (b'{"cases": [{"input": "?", "outputs": []}]}', "not one of this model"),
    ],
)
def test_a_golden_set_that_says_nothing(shipped, golden: bytes, reason: str):
    with pytest.raises(ModelError, match=reason):
        check_golden(TfliteModel(shipped.model, "emotion"), golden)
