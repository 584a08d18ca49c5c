"""What the doctor says of the MQTT broker: does it let us in, and listen."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from edge.config import (
    MqttConfig,
)
from edge.doctor import broker
from tests.mosquitto import PROGRAM, Mosquitto, free_port, silenced
from tests.test_doctor import level, running

needs_broker = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


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
