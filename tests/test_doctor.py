"""Each check of the doctor on what it is to find, and the command as its users call it."""

from __future__ import annotations

import grp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge import board, doctor, service
from edge.config import (
    CameraConfig,
    Config,
    EmotionConfig,
    FaceConfig,
)
from edge.doctor import Finding, camera, machine, models, report
from edge.doctor.finding import missing_right
from edge.service import Service

ROOT = Path(__file__).parents[1]


def running(status: str = "v4l2:/dev/video0: 29.9 frames/s, 1 face", reachable: tuple[str, ...] = ()) -> Service:
    return Service("active (running)", status, "success", "Mon 10:00", 0, 123, 0, reachable)


def level(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


class TestCamera:
    def test_a_clip_delivers(self):
        found = camera.check(CameraConfig(source="demo"), None, {}, None)
        assert (found.level, found.said) == ("ok", "demo delivers 640x480")

    def test_a_device_that_is_not_there(self):
        found = camera.check(CameraConfig(source="v4l2:/dev/video99"), None, {}, None)
        assert found.level == "failed"
        assert "there is no such device" in found.said
        assert found.advice

    def test_another_program_has_it(self):
        found = camera.check(
            CameraConfig(source="v4l2:/dev/video99"), None, {"/dev/video99": "motion (process 7)"}, None
        )
        assert found.advice == "motion (process 7) uses it: stop that program"

    @pytest.mark.parametrize(
        ("status", "level"),
        [
            ("v4l2:/dev/video0: 29.9 frames/s, 1 face", "ok"),
            ("demo: 29.9 frames/s, 1 face", "warning"),
            ("waiting for the camera v4l2:/dev/video0", "failed"),
        ],
    )
    def test_the_service_has_it(self, status: str, level: str):
        found = camera.check(CameraConfig(), running(status), {}, None)
        assert found.level == level

    def test_a_service_told_to_show_the_demo_does(self):
        assert camera.check(CameraConfig(source="demo"), running("demo: 30.0 frames/s"), {}, None).level == "ok"

    def test_who_has_a_device_open(self, tmp_path: Path):
        process = tmp_path / "41"
        (process / "fd").mkdir(parents=True)
        (process / "fd" / "5").symlink_to("/dev/video0")
        (process / "comm").write_text("motion\n", encoding="utf-8")
        assert camera.holders(tmp_path) == {"/dev/video0": "motion (process 41)"}


@pytest.mark.parametrize(("group", "advice"), [("video", "sudo usermod -aG video me"), ("root", "only root may open")])
def test_the_missing_group_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, advice: str):
    assert missing_right(tmp_path, "me") == ""
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group((group, "x", 7, [])))
    assert advice in missing_right(tmp_path, "me")


class TestMachine:
    @pytest.mark.parametrize(
        ("word", "level", "said"),
        [
            (0x0, "ok", "enough voltage"),
            (0x1, "failed", "under-voltage (0x1)"),
            (0x50005, "failed", "under-voltage"),
            (0x50000, "warning", "under-voltage (0x50000)"),
            (0x4, "warning", "is slowed down"),
            (0x40000, "warning", "was slowed down"),
        ],
    )
    def test_power(self, word: int, level: str, said: str):
        found = machine.power(word, "now")
        assert found is not None
        assert found.level == level
        assert said in found.said

    @pytest.mark.parametrize(("degrees", "level"), [(45, "ok"), (72, "warning"), (85, "failed")])
    def test_temperature(self, degrees: int, level: str):
        found = machine.temperature(degrees)
        assert found is not None
        assert (found.level, found.said) == (level, f"{degrees} °C")

    @pytest.mark.parametrize(
        ("firmware", "kernel", "said"),
        [
            ("throttled=0x50000", 0, "under-voltage (0x50000)"),
            ("throttled=0x0", 1, "enough voltage, not slowed down since the start"),
            ("VCHI initialization failed", 1, "under-voltage (0x1)"),
            ("", 0, "enough voltage, not slowed down now"),
            ("", None, None),
        ],
    )
    def test_the_firmware_itself_is_asked_before_the_kernel(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, firmware: str, kernel: int | None, said: str | None
    ):
        """The kernel's word forgets within seconds."""
        program = tmp_path / "vcgencmd"
        program.write_text(f"#!/bin/sh\necho '{firmware}'\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(board, "throttle_word", lambda: kernel)
        told = {finding.name: finding.said for finding in machine.check()}
        assert told.get("power") == said

    def test_a_machine_that_tells_nothing(self):
        assert machine.temperature(None) is None
        assert machine.power(None, "now") is None
        assert machine.memory("") is None

    @pytest.mark.parametrize(("free", "level"), [(400, "ok"), (90, "warning")])
    def test_memory(self, free: int, level: str):
        found = machine.memory(f"MemTotal:  475136 kB\nMemAvailable: {free * 1024} kB\nHugePages_Total: 0\n")
        assert found is not None
        assert found.level == level

    def test_a_service_that_does_not_run(self):
        stopped = Service("activating (auto-restart)", "", "exit-code", "", 4, 0, 75, ())
        (found,) = machine.of_service(stopped)
        assert found.level == "failed"
        assert "code 75, started again 4 times" in found.said


def test_settings_that_the_services_user_cannot_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text('[camera]\nsource = "demo"\n', encoding="utf-8")
    monkeypatch.setattr("os.access", lambda path, _: path != config)
    found = {finding.name: finding for finding in doctor.examine(config)}["settings"]
    assert (found.level, found.said) == ("failed", f"{config} cannot be read by this user")


def test_what_systemd_tells_of_the_service():
    shown = (
        "LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=2\nMainPID=77\n"
        "StatusText=demo: 30.0 frames/s, 1 face\nExecMainStatus=0\nActiveEnterTimestamp=Mon 10:00\n"
        "IPAddressAllow=127.0.0.0/8 ::1/128\n"
    )
    found = service.parsed(shown)
    assert found is not None
    assert found.is_active
    assert (found.status, found.restarts, found.pid) == ("demo: 30.0 frames/s, 1 face", 2, 77)
    assert found.reachable == ("127.0.0.0/8", "::1/128")
    assert service.parsed("LoadState=not-found\n") is None
    assert service.parsed("") is None


def test_a_wrong_configuration_is_a_finding(tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text("[mqtt]\nprot = 1\n", encoding="utf-8")
    assert "did you mean 'port'?" in doctor.examine(config)[-1].said


def test_the_summary_counts():
    ok, warning, failed = Finding("a", "ok", "x"), Finding("b", "warning", "x"), Finding("c", "failed", "x")
    assert report.summary([ok]) == "All is well."
    assert report.summary([ok, warning, failed]) == "3 looked at: 1 failed, 1 warning."
    assert json.loads(report.to_json([ok, warning]))["ok"] is True
    assert json.loads(report.to_json([failed]))["ok"] is False


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "edge", *map(str, arguments)]
    return subprocess.run(called, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_command_tells_programs_and_hides_secrets(tmp_path: Path):
    config = tmp_path / "config.toml"
    source = "rtsp://owner:hidden@127.0.0.1:9/stream"
    config.write_text(f'[camera]\nsource = "{source}"\nstall_timeout_s = 0.5\n', encoding="utf-8")
    done = command("doctor", "--json", "--config", config)
    told = json.loads(done.stdout)
    levels = {found["name"]: found["level"] for found in told["findings"]}
    assert (levels["face model"], levels["emotion model"], levels["camera"]) == ("ok", "ok", "failed")
    assert (told["ok"], done.returncode, done.stderr) == (False, 1, "")
    assert "hidden" not in done.stdout


def test_the_command_tells_people(tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text('[camera]\nsource = "demo"\n', encoding="utf-8")
    done = command("doctor", "--config", config)
    assert done.returncode == 0, done.stdout
    assert "ok       camera         demo delivers 640x480\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


class TestModelUpdates:
    """Which model runs, and whose updates are taken."""

    def test_who_signs(self, tmp_path: Path):
        key = tmp_path / "model-key.pub"
        key.write_text("untrusted comment: x\nRWSaP7fAHwBeBFfhzw/f+a8jlrRWy7bU8E2ft5BHCS9WLhh37kjJi7WM\n")
        found = models.signers(key)
        assert (found.level, found.said) == ("ok", "those signed with 45E001FC0B73F9A are taken")

    def test_a_damaged_key(self, tmp_path: Path):
        key = tmp_path / "model-key.pub"
        key.write_text("nothing")
        assert models.signers(key).level == "warning"

    def test_a_mistyped_name_is_to_be_corrected(self):
        found = {finding.name: finding for finding in models.check(Config(emotion=EmotionConfig(model="emotoin")))}
        assert found["emotion model"].level == "failed"
        advice = found["emotion model"].advice
        assert advice.startswith("correct [emotion] model; there are blazeface, emotion, emotion-nano")

    def test_so_is_the_path_of_a_file_that_is_not_there(self):
        found = models.check(Config(face=FaceConfig(model="/nowhere/face.tflite")))[0]
        assert found.advice == "put that file and its card there, or correct [face] model"

    def test_a_damaged_model_of_the_program_is_put_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "emotion.tflite").write_bytes(b"")
        monkeypatch.setattr("edge.emotion.tflite.shipped_models", lambda file: [tmp_path / file])
        found = {finding.name: finding for finding in models.check(Config())}
        for title in ("face model", "emotion model"):  # gone, and damaged
            assert (found[title].level, found[title].advice) == ("failed", "sudo ./setup.sh install puts it back")

    def test_an_update_that_is_gone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("EMOTION_EDGE_MODELS", str(tmp_path))
        (tmp_path / "emotion").mkdir()
        (tmp_path / "emotion" / "active").symlink_to("7")
        found = {finding.name: finding for finding in models.check(Config())}
        assert found["face model"].level == "ok"
        assert found["emotion model"].level == "failed"
        assert "sudo emotion-edge model rollback emotion" in found["emotion model"].advice
