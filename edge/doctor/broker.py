"""The MQTT broker: does it answer, does it let us in and listen, may the service reach it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
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
from edge.sinks.mqtt.credentials import identify
from edge.sinks.mqtt.topics import client_id, listened_to

PATIENCE_S = 5.0
_UNSUPPORTED_VERSION = 132


@dataclass(slots=True)
class _Answer:
    """greeting: None where it says nothing. subscribed: of each topic asked for; None where it does not say."""

    greeting: ReasonCode | None = None
    subscribed: list[ReasonCode] | None = None


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
        if answer.greeting is not None and answer.greeting.value == _UNSUPPORTED_VERSION:
            answer = _answer(config, MQTTProtocolVersion.MQTTv311)
    except SinkError as err:
        return [Finding("broker", "failed", str(err), "correct [mqtt] in the configuration")]
    except OSError as err:
        why = err.strerror or str(err)
        return [Finding("broker", "failed", f"{where}: {why}", "check [mqtt] host, port and tls; does the broker run?")]
    if answer.greeting is None:
        return [Finding("broker", "failed", f"{where} does not answer as a broker", "check [mqtt] port and tls")]
    if answer.greeting.is_failure:
        said = f"{where} refuses us: {answer.greeting}"
        return [Finding("broker", "failed", said, "check [mqtt] username and the password")]
    let_in = Finding("broker", "ok", f"{where} lets us in")
    return [let_in, *_not_heard(config, where, answer.subscribed), *_closed_to_service(config.host, service)]


def _answer(config: MqttConfig, version: MQTTProtocolVersion) -> _Answer:
    """Raises OSError where there is no connection, SinkError as settings do.

    Under a name of our own: the broker would end the service's connection for a second client of its name.
    """
    answer = _Answer()

    def on_connect(client: Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        answer.greeting = reason
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in listened_to(config)])

    def on_subscribe(_: Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Any) -> None:
        answer.subscribed = reasons

    def complete() -> bool:
        return answer.subscribed is not None or (answer.greeting is not None and answer.greeting.is_failure)

    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id(config, "doctor"), protocol=version)
    client.on_connect, client.on_subscribe = on_connect, on_subscribe
    client.connect_timeout = PATIENCE_S
    identify(client, config)
    try:
        client.connect(config.host, config.port)
        deadline = time.monotonic() + PATIENCE_S
        while not complete() and time.monotonic() < deadline and client.loop(0.2) == 0:
            pass
    except ValueError as err:
        raise SinkError(f"[mqtt] host = {config.host!r} is not the name of a host") from err
    finally:
        client.disconnect()
        client.loop(0.1)
    return answer


def _not_heard(config: MqttConfig, where: str, answers: list[ReasonCode] | None) -> list[Finding]:
    """A subscription that is refused does not end the connection: without this, nobody notices."""
    topics = listened_to(config)
    refusals = {topic: str(reason) for topic, reason in zip(topics, answers or (), strict=False) if reason.is_failure}
    if answers is None:
        refusals = dict.fromkeys(topics, "no answer")
    who = f"the user {config.username!r}" if config.username else "us"
    return [
        Finding(
            "broker",
            "warning",
            f"{where} refuses us {topic} ({why}): {topics[topic]} is not heard",
            f"allow {who} to read {topic} in the broker's access list (ACL)",
        )
        for topic, why in refusals.items()
    ]


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
