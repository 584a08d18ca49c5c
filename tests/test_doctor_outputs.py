"""What the doctor says of screens, the page, secrets and the files that are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import (
    Config,
    CsvConfig,
    JsonlConfig,
    MqttConfig,
    OledConfig,
    RecordConfig,
    WebConfig,
    WindowConfig,
)
from edge.doctor import outputs


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
