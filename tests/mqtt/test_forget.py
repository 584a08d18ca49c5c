"""Afterwards the broker holds nothing of us."""

from __future__ import annotations

import socket
import time

import pytest

from edge.config import MqttConfig
from edge.errors import SinkError
from edge.sinks.mqtt.forget import forget, main
from edge.sinks.mqtt.topics import kept_by_broker
from tests.mosquitto import Listener, free_port, wait_until
from tests.mqtt.loop import connect, keep_showing

RETAINED = {"status", "health", "detection/state", "homeassistant/device/camera/config"}


def retained(port: int) -> set[str]:
    """What who comes now is told."""
    late = Listener(port)
    late.say("end", b"")
    wait_until(lambda: late.texts("end"))
    late.close()
    return {heard.topic for heard in late.heard if heard.retained}


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_every_retained_message_goes(broker, listener, mqtt, tmp_path, capsys, enabled):
    sink = mqtt(broker.port)
    connect(sink, listener)
    keep_showing(sink, lambda: listener.texts("health"))
    sink.close()
    wait_until(lambda: listener.texts("status")[-1] == "offline")
    assert retained(broker.port) == RETAINED
    assert {name.removeprefix("emotion-edge/camera/") for name in kept_by_broker(MqttConfig())} == RETAINED
    config = tmp_path / "config.toml"
    config.write_text(f'[mqtt]\nenabled = {enabled}\nhost = "127.0.0.1"\nport = {broker.port}\n')
    assert main(["--config", str(config)]) == 0
    assert "forgotten emotion-edge/camera" in capsys.readouterr().out
    assert retained(broker.port) == set()
    # So Home Assistant removes the device; https://www.home-assistant.io/integrations/mqtt/#discovery-payload
    wait_until(lambda: listener.texts("homeassistant/device/camera/config")[-1] == "")


def test_home_assistant_is_forgotten_where_it_was_switched_off(broker, listener, mqtt):
    found = mqtt(broker.port)
    connect(found, listener)
    wait_until(lambda: listener.texts("homeassistant/device/camera/config"))
    found.close()
    sink = mqtt(broker.port, home_assistant=False)
    connect(sink, listener)
    wait_until(lambda: listener.texts("homeassistant/device/camera/config")[-1] == "", seconds=10)
    assert "homeassistant/device/camera/config" not in retained(broker.port)
    broker.stop()
    broker.start()
    listener.listen()
    connect(sink, listener)
    listener.say("end", b"")
    wait_until(lambda: listener.texts("end")[-1:] == [""])
    assert len(listener.texts("homeassistant/device/camera/config")) == 2, "once in a run is enough"


def test_a_running_daemon_keeps_its_connection(broker, listener, mqtt):
    sink = mqtt(broker.port)
    connect(sink, listener)
    forget(MqttConfig(enabled=True, host="127.0.0.1", port=broker.port))
    wait_until(lambda: listener.texts("status") == ["online", ""])
    started = time.monotonic()
    keep_showing(sink, lambda: time.monotonic() - started > 0.3)
    assert listener.texts("status") == ["online", ""]


def test_who_cannot_be_reached_is_one_line(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(f'[mqtt]\nenabled = true\nhost = "127.0.0.1"\nport = {free_port()}\n')
    assert main(["--config", str(config)]) == 1
    assert "cannot reach the broker at 127.0.0.1:" in capsys.readouterr().err
    config.write_text("[mqtt]\nenabled = 1\n")
    assert main(["--config", str(config)]) == 78


def test_who_is_not_enabled_and_cannot_be_reached_is_nothing_to_tell(tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n')
    assert main(["--config", str(config)]) == 0
    assert capsys.readouterr() == ("", "")


def test_who_refuses_us_is_one_line(guarded):
    with pytest.raises(SinkError, match="refuses us: Not authorized"):
        forget(MqttConfig(enabled=True, host="127.0.0.1", port=guarded.port))


def test_who_does_not_answer_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr("edge.sinks.mqtt.forget._PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SinkError, match="does not answer"):
        forget(MqttConfig(enabled=True, host="127.0.0.1", port=silent.getsockname()[1]))
