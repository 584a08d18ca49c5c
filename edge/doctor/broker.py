"""The MQTT broker: does it answer, does it let us in, may the service reach it."""

from __future__ import annotations

import os
import time
from ipaddress import ip_network
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig
from edge.doctor.finding import Finding
from edge.errors import SinkError
from edge.network import addresses
from edge.service import SETTINGS, Service
from edge.sinks.credentials import password, tls_context

PATIENCE_S = 5.0
_UNSUPPORTED_VERSION = 132


def check(config: MqttConfig, service: Service | None) -> list[Finding]:
    if not config.enabled:
        return []
    if service and config.username and not config.password_file:
        if os.geteuid() != 0:
            return [
                Finding("broker", "warning", "only root may read the service's password", "sudo emotion-edge doctor")
            ]
        os.environ.setdefault("CREDENTIALS_DIRECTORY", str(SETTINGS))
    where = f"{config.host}:{config.port}"
    try:
        answer = _answer(config, MQTTProtocolVersion.MQTTv5)
        if answer is not None and answer.value == _UNSUPPORTED_VERSION:
            answer = _answer(config, MQTTProtocolVersion.MQTTv311)
    except SinkError as err:
        return [Finding("broker", "failed", str(err), "correct [mqtt] in the configuration")]
    except OSError as err:
        why = err.strerror or str(err)
        return [Finding("broker", "failed", f"{where}: {why}", "check [mqtt] host, port and tls; does the broker run?")]
    if answer is None:
        return [Finding("broker", "failed", f"{where} does not answer as a broker", "check [mqtt] port and tls")]
    if answer.is_failure:
        return [Finding("broker", "failed", f"{where} refuses us: {answer}", "check [mqtt] username and the password")]
    return [Finding("broker", "ok", f"{where} lets us in"), *_closed_to_service(config.host, service)]


def _answer(config: MqttConfig, version: MQTTProtocolVersion) -> ReasonCode | None:
    """The broker's, None where it says nothing. Raises OSError where there is no connection, SinkError as settings do.

    Under a name of our own: the broker would end the service's connection for a second client of its name.
    """
    answers: list[ReasonCode] = []

    def on_connect(_: Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        answers.append(reason)

    secret = password(config)
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"emotion-edge-{config.device}-doctor", protocol=version)
    client.on_connect = on_connect
    client.connect_timeout = PATIENCE_S
    if config.username:
        client.username_pw_set(config.username, secret)
    if config.tls:
        client.tls_set_context(tls_context(config))
    try:
        client.connect(config.host, config.port)
        deadline = time.monotonic() + PATIENCE_S
        while not answers and time.monotonic() < deadline and client.loop(0.2) == 0:
            pass
    except ValueError as err:
        raise SinkError(f"[mqtt] host = {config.host!r} is not the name of a host") from err
    finally:
        client.disconnect()
        client.loop(0.1)
    return answers[0] if answers else None


def _closed_to_service(host: str, service: Service | None) -> list[Finding]:
    """systemd keeps the service from every address that is not allowed to it."""
    if service is None:
        return []
    open_to = [ip_network(network, strict=False) for network in service.reachable]
    closed = [address for address in addresses(host) if not any(address in network for network in open_to)]
    if not closed:
        return []
    said = f"systemd keeps the service from {host} ({closed[0]})"
    return [Finding("broker", "failed", said, "sudo ./setup.sh install lets it reach what the configuration names")]
