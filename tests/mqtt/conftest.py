"""Real brokers, and a sink that is closed after the test."""

from __future__ import annotations

import subprocess

import pytest

from edge.config import MqttConfig
from edge.control import Control
from edge.sinks.mqtt import Mqtt
from tests.mosquitto import PROGRAM, Listener, Mosquitto


@pytest.fixture
def broker(tmp_path):
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def guarded(tmp_path):
    """A broker that wants a password, which is 'right'."""
    if PROGRAM is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "pi", "right"], check=True)
    users.chmod(0o644)
    with Mosquitto(tmp_path, f"allow_anonymous false\npassword_file {users}\nuser root") as broker:
        yield broker


@pytest.fixture
def listener(broker):
    listener = Listener(broker.port)
    yield listener
    listener.close()


@pytest.fixture
def control():
    return Control()


@pytest.fixture
def mqtt(control, request):
    """Opens a sink that is closed after the test. Arguments: the port, then settings."""

    def opened(port: int, **settings: object) -> Mqtt:
        settings = {"host": "127.0.0.1", "interval_s": 0.1, **settings}
        sink = Mqtt(MqttConfig(enabled=True, port=port, **settings), "auto", control)
        request.addfinalizer(sink.close)
        sink.open()
        return sink

    return opened
