"""The privacy switch."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.control import Control


def test_it_is_on_at_first_and_forgotten_where_nobody_keeps_it(tmp_path: Path):
    control = Control()
    assert control.detection
    control.switch_detection(False)
    assert not control.detection
    assert Control().detection


def test_what_was_switched_off_stays_off_after_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    memory = tmp_path / "detection-off"
    Control(memory).switch_detection(False)
    again = Control(memory)
    assert not again.detection
    assert f"rm {memory}" in caplog.text
    again.switch_detection(True)
    assert Control(memory).detection


def test_a_folder_that_takes_nothing_is_told_and_the_switch_works(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    control = Control(tmp_path / "gone" / "detection-off")
    with caplog.at_level(logging.WARNING):
        control.switch_detection(False)
    assert not control.detection
    assert "a restart will forget that detection is off" in caplog.text


def test_a_service_keeps_it_in_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    Control.remembered().switch_detection(False)
    assert (tmp_path / "detection-off").exists()
    assert not Control.remembered().detection
    monkeypatch.delenv("STATE_DIRECTORY")
    assert Control.remembered().detection
