"""What the daemon's loop does, faster: something is shown until something is heard."""

from __future__ import annotations

import json
from collections.abc import Callable

from edge.sinks.mqtt import Mqtt
from edge.types import Status
from tests.mosquitto import Listener, wait_until


def running(fps: float = 30.0) -> Status:
    return Status("running", "auto", fps)


def connect(sink: Mqtt, listener: Listener) -> None:
    """Until the listener has heard of this connection; that the last one ended may be heard after it was."""
    before = listener.texts("status").count("online")

    def told() -> bool:
        sink.status(running())
        return listener.texts("status").count("online") > before

    wait_until(told)


def events_of(listener: Listener) -> list[dict]:
    return [json.loads(text) for text in listener.texts("event")]


def keep_showing(sink: Mqtt, until: Callable[[], object], seconds: float = 60.0) -> None:
    """What the loop does about once a second, faster."""

    def step() -> object:
        sink.status(running())
        return until()

    wait_until(step, seconds)
