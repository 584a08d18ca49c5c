"""What the service leaves for `emotion-edge status` and for its next run."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from edge.service import Service
from edge.status_file import FOLDER_VARIABLE, NAME, StatusFile, read
from edge.status_words import described
from edge.types import Status

RUNNING = Status("running", "v4l2:/dev/video0", 29.9, 3, 60.0, {"detect": (1.04, 2.06)}, 61.2, False, 78.1)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return tmp_path / NAME


def test_everybody_can_read_it(path: Path):
    StatusFile().write(RUNNING, 2)
    line = read(path)
    assert (line["state"], line["fps"], line["faces"], line["rss_mb"]) == ("running", 29.9, 2, 78.1)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_what_a_version_writes_it_reads_whatever_its_schema(path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("lines", "status_file"):
        monkeypatch.setattr(f"edge.{module}.SCHEMA", 7)
    file = StatusFile()
    for write in (lambda: file.write(RUNNING, 2), file.stopped, lambda: file.ended("no camera")):
        write()
        assert read(path)["schema"] == 7


def test_a_run_that_was_not_asked_to_end_counts(path: Path):
    assert StatusFile().restarts == 0
    StatusFile().write(RUNNING, 0)
    assert StatusFile().restarts == 1
    StatusFile().stopped()
    assert StatusFile().restarts == 0


def test_the_next_run_knows_what_went_wrong(path: Path):
    StatusFile().ended("the camera did not come back")
    again = StatusFile()
    assert again.restarts == 1
    assert again.last_error is not None
    assert again.last_error.endswith("Z the camera did not come back")


def test_an_error_after_a_while_counts_once(path: Path):
    """The daemon and whoever ends the process share one."""
    for restarts in range(3):
        file = StatusFile()
        file.write(RUNNING, 1)
        file.ended("the camera did not come back")
        assert read(path)["restarts"] == restarts


def test_it_hears_warnings_of_the_whole_program(path: Path):
    file = StatusFile()
    file.open()
    try:
        logging.getLogger("edge.anything").warning("%s is full", "the disk")
        logging.getLogger("edge.anything").info("nothing")
    finally:
        file.close()
    logging.getLogger("edge.anything").warning("too late")
    assert file.last_error is not None
    assert file.last_error.endswith(" the disk is full")


def test_without_a_service_it_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    StatusFile().write(RUNNING, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema": 2}', "\udcff", "[" * 100_000])
def test_a_damaged_one_is_none(path: Path, content: str):
    path.write_text(content, errors="surrogateescape")
    assert read(path) == {}
    assert StatusFile().restarts == 0


@pytest.mark.parametrize("value", [None, "3", [], {}])
def test_one_with_other_things_in_it(path: Path, value: object):
    path.write_text(json.dumps({"schema": 1, "state": "running", "restarts": value, "last_error": 7}), encoding="utf-8")
    assert (StatusFile().restarts, StatusFile().last_error) == (1, None)


def test_what_the_owner_is_shown(path: Path):
    file = StatusFile()
    file.failed("mqtt: it does not answer")
    file.write(RUNNING, 1)
    health = {**read(path), "last_error": "2026-11-25T01:02:03Z mqtt: it does not answer"}
    service = Service(
        "active (running)", "v4l2:/dev/video0: 29.9 frames/s, 1 face", "success", "Mon 10:00", 1, 123, 0, ()
    )
    assert described(service, health).splitlines() == [
        "active (running) since Mon 10:00",
        "v4l2:/dev/video0: 29.9 frames/s, 1 face",
        "detect 1.0/2.1 ms, 3 frames skipped, 61 °C, not throttled, 78 MB",
        "started again once; last error: 2026-11-25T01:02:03Z mqtt: it does not answer",
        "log: journalctl -u emotion-edge",
    ]


@pytest.mark.parametrize(
    "value", [None, "warm", True, [], {}, {"detect": 1}, float("nan"), pytest.param(10**400, id="huge")]
)
def test_what_is_no_number_is_left_out(value: object):
    """The file may be another version's."""
    keys = ("skipped", "temperature_c", "throttled", "rss_mb", "last_error", "ms")
    service = Service("active (running)", "demo", "success", "Mon 10:00", 1, 123, 0, ())
    strange = [{key: value} for key in keys if not isinstance(value, bool) or key != "throttled"]
    for health in [*strange, {"ms": {"detect": value}}, {"ms": {"detect": {"p50": value, "p95": 1}}}]:
        lines = described(service, health).splitlines()
        assert lines[:2] == ["active (running) since Mon 10:00", "demo"]
        assert len(lines) == 4
        assert lines[-2].startswith("started again once; last error: ")


def test_a_service_that_is_down_shows_why(path: Path):
    service = Service("failed (failed)", "", "exit-code", "", 0, 0, 78, ())
    assert described(service, json.loads("{}")).splitlines() == [
        "failed (failed), exit-code",
        "started again 0 times; last error: none",
        "log: journalctl -u emotion-edge",
    ]
