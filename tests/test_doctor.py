"""Each check of the doctor on what it is to find, and the command as its users call it."""

from __future__ import annotations

import grp
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge import doctor, service
from edge.config import (
    CameraConfig,
    Config,
    CsvConfig,
    EmotionConfig,
    FaceConfig,
    JsonlConfig,
    MqttConfig,
    OledConfig,
    RecordConfig,
    WebConfig,
    WindowConfig,
)
from edge.doctor import Finding, broker, camera, machine, models, outputs, report
from edge.doctor.finding import missing_right
from edge.service import Service
from tests.mosquitto import PROGRAM, Mosquitto, free_port, silenced

ROOT = Path(__file__).parents[1]
needs_broker = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


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


@needs_broker
class TestBroker:
    def test_it_lets_us_in(self, tmp_path: Path):
        with Mosquitto(tmp_path) as mosquitto:
            found = broker.check(MqttConfig(enabled=True, host="127.0.0.1", port=mosquitto.port), None)
        assert level(found) == ["ok"]

    def test_it_refuses_us(self, tmp_path: Path):
        with Mosquitto(tmp_path, "allow_anonymous false") as mosquitto:
            (found,) = broker.check(MqttConfig(enabled=True, host="127.0.0.1", port=mosquitto.port), None)
        assert found.level == "failed"
        assert "refuses us: Not authorized" in found.said
        assert "password" in found.advice

    def test_the_service_cannot_reach_it(self, tmp_path: Path):
        with Mosquitto(tmp_path) as mosquitto:
            config = MqttConfig(enabled=True, host="127.0.0.1", port=mosquitto.port)
            closed = broker.check(config, running(reachable=("192.168.0.0/16",)))
            open_ = broker.check(config, running(reachable=("127.0.0.0/8", "::1/128")))
        assert level(closed) == ["ok", "failed"]
        assert "keeps the service from 127.0.0.1" in closed[1].said
        assert level(open_) == ["ok"]

    def test_it_does_not_let_us_listen(self, tmp_path: Path):
        with Mosquitto(tmp_path, silenced(tmp_path, "homeassistant/status")) as mosquitto:
            config = MqttConfig(enabled=True, host="127.0.0.1", port=mosquitto.port)
            found = broker.check(config, None)
        assert level(found) == ["ok", "warning"]
        assert "emotion-edge/camera/detection/set (Not authorized): the privacy switch is not heard" in found[1].said
        assert found[1].advice.startswith("allow us to read emotion-edge/camera/detection/set")

    def test_it_hangs_up_when_we_want_to_listen(self):
        def greet() -> None:
            near = server.accept()[0]
            near.recv(1000)
            near.sendall(b"\x20\x03\x00\x00\x00")
            near.recv(1000)
            near.close()

        with socket.create_server(("127.0.0.1", 0)) as server:
            rude = threading.Thread(target=greet)
            rude.start()
            config = MqttConfig(enabled=True, host="127.0.0.1", port=server.getsockname()[1], home_assistant=False)
            found = broker.check(config, None)
            rude.join(10)
        assert level(found) == ["ok", "warning"]
        assert "detection/set (no answer)" in found[1].said


def test_no_broker_there():
    (found,) = broker.check(MqttConfig(enabled=True, host="127.0.0.1", port=free_port()), None)
    assert found.level == "failed"
    assert "Connection refused" in found.said


def test_a_password_file_that_is_missing():
    (found,) = broker.check(MqttConfig(enabled=True, username="pi", password_file="/nowhere"), None)
    assert (found.level, "/nowhere" in found.said) == ("failed", True)


def test_the_password_of_the_service_is_roots(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (found,) = broker.check(MqttConfig(enabled=True, username="pi"), running())
    assert (found.level, found.advice) == ("warning", "sudo emotion-edge doctor")


def test_a_broker_nobody_wants_is_not_looked_for():
    assert broker.check(MqttConfig(), None) == []


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
        found = machine.power(word)
        assert found is not None
        assert found.level == level
        assert said in found.said

    @pytest.mark.parametrize(("degrees", "level"), [(45, "ok"), (72, "warning"), (85, "failed")])
    def test_the_hottest_zone_counts(self, tmp_path: Path, degrees: int, level: str):
        for number, temperature in enumerate(("30000", str(degrees * 1000), "")):
            zone = tmp_path / f"thermal_zone{number}"
            zone.mkdir()
            (zone / "temp").write_text(f"{temperature}\n", encoding="utf-8")
        found = machine.temperature(tmp_path)
        assert found is not None
        assert (found.level, found.said) == (level, f"{degrees} °C")

    def test_a_machine_that_tells_nothing(self, tmp_path: Path):
        assert machine.temperature(tmp_path) is None
        assert machine.power(None) is None
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


class TestScreen:
    def test_a_console(self, tmp_path: Path):
        pytest.importorskip("pygame")
        (tmp_path / "dri").mkdir()
        (tmp_path / "dri" / "card0").touch()
        connector = tmp_path / "drm" / "card0-HDMI-A-1"
        connector.mkdir(parents=True)
        for state, wanted in (("disconnected", "warning"), ("connected", "ok")):
            (connector / "status").write_text(f"{state}\n", encoding="utf-8")
            assert outputs.screen("emotion-edge", tmp_path, tmp_path / "drm").level == wanted

    def test_a_framebuffer_where_there_is_nothing_better(self, tmp_path: Path):
        pytest.importorskip("pygame")
        (tmp_path / "fb0").touch()
        found = outputs.screen(None, tmp_path, tmp_path)
        assert (found.level, found.said) == ("ok", f"console on {tmp_path / 'fb0'}")

    def test_none_at_all(self, tmp_path: Path):
        pytest.importorskip("pygame")
        assert outputs.screen("emotion-edge", tmp_path, tmp_path).level == "failed"

    def test_it_is_looked_at_where_it_is_wanted(self):
        assert [found.name for found in outputs.check(Config(window=WindowConfig(enabled=True)), "me")] == ["screen"]
        assert outputs.check(Config(), "me") == []


class TestSmallDisplay:
    @pytest.mark.parametrize(
        ("config", "bus", "other"),
        [
            (OledConfig(), "i2c-1", "i2c-20"),
            (OledConfig(interface="spi", port=0, device=1), "spidev0.1", "i2c-1"),
        ],
    )
    def test_the_bus_it_is_on(self, tmp_path: Path, config: OledConfig, bus: str, other: str):
        pytest.importorskip("luma.core")
        (tmp_path / other).touch()
        missing = outputs.display(config, "me", tmp_path)
        assert missing.level == "failed"
        assert missing.said.endswith(bus)
        assert "raspi-config" in missing.advice
        (tmp_path / bus).touch()
        assert outputs.display(config, "me", tmp_path).level == "ok"

    def test_its_libraries(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        assert outputs.display(OledConfig(), None).advice == ".venv/bin/pip install -e '.[oled]'"
        assert outputs.display(OledConfig(), "emotion-edge").advice == "sudo ./setup.sh install"


def test_the_pages_token_must_be_there(tmp_path: Path):
    pytest.importorskip("tornado")
    token = tmp_path / "token"
    config = WebConfig(enabled=True, token_file=str(token))
    assert str(token) in outputs.page(config, None).said
    token.write_text("x" * 32, encoding="utf-8")
    assert outputs.page(config, None).level == "ok"


def test_a_token_that_the_page_refuses(tmp_path: Path):
    pytest.importorskip("tornado")
    token = tmp_path / "token"
    token.write_text("short", encoding="utf-8")
    found = outputs.page(WebConfig(enabled=True, token_file=str(token)), None)
    assert (found.level, found.said.endswith("shorter than 16 letters")) == ("failed", True)


def test_files_of_the_broker_that_the_program_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The broker was asked while root's rights were still there."""
    certificate, password = tmp_path / "ca.pem", outputs.SETTINGS / "mqtt-password"
    certificate.touch()
    config = MqttConfig(enabled=True, tls=True, ca_file=str(certificate), password_file=str(password), username="cam")
    levels = {found.name: found.said for found in outputs.check(Config(mqtt=config), None)}
    assert levels == {"[mqtt] password_file": f"{password} is missing"}
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr(Path, "exists", lambda _: True)
    found = {found.name: found for found in outputs.check(Config(mqtt=config), "emotion-edge")}
    assert found["[mqtt] ca_file"].said == f"{certificate} may not be read"
    assert found["[mqtt] password_file"].advice.startswith("leave [mqtt] password_file out")


class TestWrittenPlaces:
    def test_what_is_there_already(self, tmp_path: Path):
        (tmp_path / "open").mkdir(mode=0o755)
        (tmp_path / "closed").mkdir(mode=0o700)
        (tmp_path / "file").touch()
        for key, name, level, said in (
            ("[jsonl] path", "open", "failed", "is a folder"),
            ("[jsonl] path", "file", "ok", ""),
            (outputs.FACES, "open", "failed", "others may look into"),
            (outputs.FACES, "file", "failed", "is not a folder"),
            (outputs.FACES, "closed", "ok", ""),
            (outputs.FACES, "new", "ok", ""),
        ):
            found = outputs.written(key, str(tmp_path / name), None)
            assert (found.level, said in found.said) == (level, True), (key, name)

    def test_a_file_of_somebody_else(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "log.jsonl").touch()
        monkeypatch.setattr("os.access", lambda path, _: Path(path).is_dir())
        assert outputs.written("[jsonl] path", str(tmp_path / "log.jsonl"), None).level == "failed"

    def test_all_that_are_on_are_looked_at(self, tmp_path: Path):
        config = Config(
            jsonl=JsonlConfig(enabled=True, path=str(tmp_path / "log.jsonl")),
            csv=CsvConfig(enabled=True, path=str(tmp_path / "nowhere" / "table.csv")),
            record=RecordConfig(enabled=True, folder=str(tmp_path / "faces")),
        )
        levels = {found.name: found.level for found in outputs.check(config, None)}
        assert levels == {"[jsonl] path": "ok", "[csv] path": "failed", "[record] folder": "ok"}

    def test_the_service_may_not_write_everywhere(self, tmp_path: Path):
        assert outputs.written("[jsonl] path", str(tmp_path / "log.jsonl"), "emotion-edge").level == "warning"


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
