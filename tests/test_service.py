"""The unit of the service: systemd understands every line of it, and it stays closed to what it does not need."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge import service
from edge.capture import PATIENCE
from edge.config import CameraConfig, MqttConfig
from edge.emotion.updates import OF_THE_SERVICE
from edge.sinks.secrets import CREDENTIAL, password

SYSTEMD = Path(__file__).parents[1] / "systemd"
UNIT = SYSTEMD / "emotion-edge.service"
HIGHEST_EXPOSURE = 1.5

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, arguments)]
    environment = {**os.environ, "SYSTEMD_PAGER": "", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def systemd_version() -> int:
    return int(analyze("--version").stdout.split()[1])


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path):
    text = UNIT.read_text(encoding="utf-8")
    # It would complain of a program that is not installed.
    runnable, count = re.subn(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    assert count == 1
    unit = tmp_path / UNIT.name
    unit.write_text(runnable, encoding="utf-8")
    drop_ins = tmp_path / f"{UNIT.name}.d"
    drop_ins.mkdir()
    for drop_in in (SYSTEMD / "drop-ins").iterdir():
        if drop_in.name != "backoff.conf" or systemd_version() >= 254:
            shutil.copy(drop_in, drop_ins)
    done = analyze("verify", unit)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_service_can_do_little_harm():
    done = analyze("security", "--offline=true", "--no-pager", UNIT)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stderr
    assert float(exposure[1]) <= HIGHEST_EXPOSURE


def seconds(key: str) -> float:
    found = re.search(rf"(?m)^{key}=(\d+)$", UNIT.read_text(encoding="utf-8"))
    assert found
    return float(found[1])


def test_systemd_waits_longer_than_the_capture_does():
    fields = {field.name: field for field in dataclasses.fields(CameraConfig)}
    patience_s = PATIENCE * fields["stall_timeout_s"].metadata["high"]
    assert seconds("WatchdogSec") > patience_s
    assert seconds("TimeoutStartSec") > 2 * patience_s  # opening may take twice as long


@pytest.mark.parametrize(("number", "known", "found"), [(0, True, True), (0, False, False), (1000, True, False)])
def test_only_root_can_take_the_rights_of_its_user(
    monkeypatch: pytest.MonkeyPatch, number: int, known: bool, found: bool
):
    users = {service.USER: "its entry"} if known else {}
    monkeypatch.setattr("os.geteuid", lambda: number)
    monkeypatch.setattr("pwd.getpwnam", users.__getitem__)
    assert service.user() == ("its entry" if found else None)


def test_the_unit_names_the_places_that_the_program_knows():
    text = UNIT.read_text(encoding="utf-8")
    for line in (
        f"User={service.USER}",
        f"StateDirectory={service.STATE.name}",
        f"WorkingDirectory={service.STATE}",
        f"RuntimeDirectory={service.STATUS_FILE.parent.name}",
        f"ReadOnlyPaths=-{OF_THE_SERVICE}",
        f"LoadCredential={CREDENTIAL}:{service.SETTINGS / CREDENTIAL}",
    ):
        assert f"\n{line}\n" in text
    assert f" --config {service.CONFIG}\n" in text


class TestPassword:
    CONFIG = MqttConfig(username="pi")

    @pytest.fixture
    def credential(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
        return tmp_path / CREDENTIAL

    def test_the_unit_hands_it_over_under_this_name(self):
        assert f"\nLoadCredential={CREDENTIAL}:" in UNIT.read_text(encoding="utf-8")

    def test_it_is_the_first_line(self, credential: Path):
        credential.write_text("right\n", encoding="utf-8")
        assert password(self.CONFIG) == "right"

    @pytest.mark.parametrize("content", ["", "\n"])
    def test_an_empty_one_is_none(self, credential: Path, content: str):
        credential.write_text(content, encoding="utf-8")
        assert password(self.CONFIG) is None

    def test_a_file_of_the_configuration_wins(self, credential: Path, tmp_path: Path):
        credential.write_text("wrong\n", encoding="utf-8")
        (tmp_path / "mine").write_text("right\n", encoding="utf-8")
        assert password(dataclasses.replace(self.CONFIG, password_file=str(tmp_path / "mine"))) == "right"

    def test_nobody_needs_one_without_a_username(self, credential: Path):
        credential.write_text("right\n", encoding="utf-8")
        assert password(MqttConfig()) is None

    def test_without_a_service_there_is_none(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        assert password(self.CONFIG) is None
