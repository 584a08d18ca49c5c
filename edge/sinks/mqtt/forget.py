"""Make the broker, and with it Home Assistant, forget this device: `python -m edge.sinks.mqtt.forget --config FILE`.

Stop the daemon first; a running one introduces itself again.
"""

from __future__ import annotations

import argparse
import queue
import sys
import time
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig
from edge.config_file import load_config
from edge.errors import EdgeError, SinkError
from edge.sinks.mqtt.credentials import identify
from edge.sinks.mqtt.topics import base, client_id, kept_by_broker

_PATIENCE_S: Final = 5.0


class _NoBrokerError(SinkError):
    """There is no broker."""


def forget(config: MqttConfig) -> None:
    """Replace every message the broker keeps of us by an empty one, which removes it. Raises SinkError.

    Also where [mqtt] is not enabled any more: what it said when it was is still there.
    """
    # Under a name of its own: the broker would end the connection of a daemon of the same name.
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id(config, "forget"))
    identify(client, config)
    answers: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(reason)
    where = f"{config.host}:{config.port}"
    try:
        client.connect(config.host, config.port)
        client.loop_start()
        reason = answers.get(timeout=_PATIENCE_S)
    except (OSError, ValueError, queue.Empty) as err:
        why = "it does not answer" if isinstance(err, queue.Empty) else getattr(err, "strerror", None) or err
        client.loop_stop()
        raise _NoBrokerError(f"cannot reach the broker at {where}: {why}") from err
    try:
        if reason.is_failure:
            raise SinkError(f"the broker at {where} refuses us: {reason}")
        _publish_empty(client, kept_by_broker(config), where)
    finally:
        client.disconnect()
        client.loop_stop()


def _publish_empty(client: Client, topics: list[str], where: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    messages = [client.publish(topic, b"", qos=1, retain=True) for topic in topics]
    try:
        for message in messages:
            message.wait_for_publish(max(0.0, deadline - time.monotonic()))
        confirmed = all(message.is_published() for message in messages)
    except RuntimeError:  # the connection was lost
        confirmed = False
    if not confirmed:
        raise SinkError(f"the broker at {where} did not confirm; try again")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m edge.sinks.mqtt.forget", description=__doc__.partition(":")[0])
    parser.add_argument("--config", type=Path, metavar="FILE", required=True, help="the daemon's configuration")
    try:
        config = load_config(parser.parse_args(arguments).config).mqtt
        forget(config)
        print(f"the broker has forgotten {base(config)}")  # noqa: T201
    except EdgeError as err:
        if isinstance(err, _NoBrokerError) and not config.enabled:
            return 0
        print(f"emotion-edge: {err}", file=sys.stderr)  # noqa: T201
        return err.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
