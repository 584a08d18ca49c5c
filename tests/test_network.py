from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge import network
from edge.config import CameraConfig, Config, MqttConfig, WebConfig


def with_broker(host: str) -> Config:
    return Config(mqtt=MqttConfig(enabled=True, host=host))


def with_source(source: str) -> Config:
    return Config(camera=CameraConfig(source=source))


def test_a_service_that_speaks_to_nobody_reaches_nobody():
    assert network.allowed(Config()) == []
    assert network.allowed(replace(Config(), mqtt=MqttConfig(host="192.0.2.7"))) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_broker_on_this_machine_needs_nothing(host: str):
    assert network.allowed(with_broker(host)) == []


@pytest.mark.parametrize("address", ["192.168.1.5", "203.0.113.9"])
def test_an_address_stands_for_itself(address: str):
    assert network.allowed(with_broker(address)) == [address]


@pytest.mark.parametrize(
    ("leads_to", "allowed"),
    [(["192.168.1.5"], sorted(network.LOCAL)), (["192.168.1.5", "8.8.8.8"], ["any"]), ([], ["any"])],
)
def test_a_name_stands_for_where_it_may_lead(monkeypatch: pytest.MonkeyPatch, leads_to: list[str], allowed: list[str]):
    monkeypatch.setattr(network, "addresses", lambda host: [network.ip_address(address) for address in leads_to])
    assert network.allowed(with_broker("broker.lan")) == allowed


@pytest.mark.parametrize(
    ("source", "hosts"),
    [
        ("rtsp://me:secret@192.168.1.9:554/stream", ["192.168.1.9"]),
        ("http://[fd00::9]/mjpg", ["fd00::9"]),
        ('gst:rtspsrc location="rtsp://192.168.1.9/a" ! decodebin', ["192.168.1.9"]),
        ("gst:filesrc location=file:///tmp/a.mp4", []),
        ("v4l2:/dev/video0", []),
        ("demo", []),
    ],
)
def test_a_stream_is_reached(source: str, hosts: list[str]):
    assert network.hosts(with_source(source)) == hosts


def test_a_name_nobody_knows():
    assert network.addresses("no such name.invalid") == []


def test_printed_for_systemd(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = tmp_path / "config.toml"
    config.write_text('[mqtt]\nenabled = true\nhost = "192.168.1.5"\n', encoding="utf-8")
    network.main([str(config)])
    assert capsys.readouterr().out == "192.168.1.5\n"
    config.write_text("[mqtt]\nhots = 1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="unknown key 'hots'"):
        network.main([str(config)])


def test_the_page_is_for_the_local_networks():
    assert network.allowed(Config(web=WebConfig(enabled=True))) == []
    shared = Config(web=WebConfig(enabled=True, host="0.0.0.0", token_file="/etc/emotion-edge/page-token"))
    assert network.allowed(shared) == sorted(network.LOCAL)
