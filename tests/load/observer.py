"""Hears everything a fleet tells a broker, and counts."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

IDS = tuple[str, int, str]
"""What makes an event unlike any other: its device, the id in it, and its time."""


class Observer:
    """Subscribes to every topic of the program. Counts in the network thread, tells in the caller's."""

    def __init__(self, port: int) -> None:
        self.messages = self.bytes = 0
        self.late = self.repeated = 0
        self._status: dict[str, str] = {}
        self._discovered: set[str] = set()
        self._events: set[IDS] = set()
        self._arrivals: Counter[int] = Counter()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe([("emotion-edge/#", 1), ("homeassistant/#", 1)])
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not subscribed.wait(10):
            raise TimeoutError("the broker does not answer the observer")

    def online(self) -> int:
        return sum(text == "online" for text in list(self._status.values()))

    def introduced(self) -> int:
        """How many devices Home Assistant would know."""
        return len(self._discovered)

    def events(self) -> int:
        """Each counted once."""
        return len(self._events)

    @property
    def busiest_second(self) -> int:
        """The most devices that came online within one second."""
        return max(self._arrivals.values(), default=0)

    def start_again(self) -> None:
        """Count arrivals anew."""
        self._arrivals.clear()

    def _heard(self, client: Client, _: Any, message: MQTTMessage) -> None:
        self.messages += 1
        self.bytes += len(message.topic) + len(message.payload)
        first, device, *rest = message.topic.split("/")
        if first == "homeassistant":
            self._discovered.add(message.topic)
        elif rest == ["status"] and not message.retain:
            text = message.payload.decode()
            if text == "online" and self._status.get(device) != text:
                self._arrivals[int(time.monotonic())] += 1
            self._status[device] = text
        elif rest == ["event"]:
            self._count(device, json.loads(message.payload))

    def _count(self, device: str, event: dict[str, Any]) -> None:
        key = device, event["id"], event["time"]
        self.repeated += key in self._events
        self._events.add(key)
        self.late += "late" in event
