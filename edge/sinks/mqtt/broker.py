"""A connection to an MQTT broker that comes and goes."""

from __future__ import annotations

import functools
import logging
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig
from edge.errors import SinkError
from edge.sinks.mqtt.credentials import identify
from edge.sinks.mqtt.topics import client_id, own_topic

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 20
"""A broker that hangs is noticed after twice this; so long, what we publish piles up."""

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 20.0
SPREAD: Final = 2.0
"""Each device's pauses are longer by a random factor of its own, at most this: a broker that comes back after a power
cut meets a thousand devices one after the other."""

LARGEST_MESSAGE_BYTES: Final = 1024
"""An MQTT 5 broker keeps longer messages from us; what we listen to has seven letters at most."""

_QUIET_S: Final = 60
_SHORT_S: Final = 5

_UNSUPPORTED_VERSION: Final = 132
_HINTS: Final = {
    134: "check [mqtt] username and password_file",
    135: "check [mqtt] username and password_file, and the broker's access list",
    142: "another program calls itself by this name: give each its own [mqtt] device",
}


class Broker:
    """Connects, and connects again, in the network library's thread, whose callbacks only set state and log.

    MQTT 5, or 3.1.1 with a broker that refuses it. The methods are called from the main thread; only `close` waits.
    Why there is no connection is logged once, not at every attempt.
    """

    def __init__(self, config: MqttConfig, received: Callable[[str, bytes, bool], None]) -> None:
        """received: called in the network thread with topic, payload and retain flag of each message meant for us."""
        self._config = config
        self._status_topic = own_topic(config, "status")
        """Gets a retained 'offline' when we vanish."""
        self._received = received
        self._client: Client | None = None
        self._version = MQTTProtocolVersion.MQTTv5
        self._version_refused = False
        self._answered = False
        self._sessions = 0
        self._session = 0
        self._known_session = 0
        self._connected_at = 0.0
        self._leaving = False
        self._gone = threading.Event()
        self._complaints: dict[str, float] = {}
        self._silent = False
        self._wanted: dict[str, str] = {}
        self.delivered: deque[int] = deque()
        """Ids of messages that were sent (QoS 0) or acknowledged (QoS 1), for the main thread to take out."""

    def open(self) -> None:
        """Begin to connect. Raises SinkError where the settings cannot work, not where the broker is away."""
        self._start()

    def renewed(self) -> bool:
        """True once after every new connection: the broker knows nothing of us, no subscription either."""
        if self._version_refused:
            self._version_refused = False
            self._version = MQTTProtocolVersion.MQTTv311
            self._let_go()
            self._start()
        session = self._session
        renewed = session not in (0, self._known_session)
        self._known_session = session
        return renewed

    @property
    def connected(self) -> bool:
        """On the connection that `renewed` has told of."""
        return self._session == self._known_session != 0

    def publish(self, topic: str, text: str, qos: int = 0, retain: bool = False) -> int:
        """Hand a message over, when connected. Returns its id."""
        assert self._client is not None
        return self._client.publish(topic, text, qos, retain).mid

    def subscribe(self, topics: Mapping[str, str]) -> None:
        """topics: all at once; of each, what is not heard where the broker refuses it."""
        assert self._client is not None
        self._wanted = dict(topics)
        self._client.subscribe([(topic, 1) for topic in topics])

    def close(self, patience_s: float) -> None:
        """Say goodbye, which takes at most so long. May be called twice."""
        if self._client is None:
            return
        self._leaving = True
        if self._session:
            self._gone.clear()
            self.publish(self._status_topic, "offline", retain=True)
            self._client.disconnect()
            self._gone.wait(patience_s)
        self._let_go()

    def _start(self) -> None:
        config = self._config
        # With a steady id the broker ends our old, half-dead connection when the new one comes. With a random one,
        # the old one's last will would say 'offline' long after we are back.
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id(config), protocol=self._version)
        client.will_set(self._status_topic, "offline", qos=1, retain=True)
        identify(client, config)
        own = random.uniform(1, SPREAD)
        client.reconnect_delay_set(FIRST_PAUSE_S * own, LONGEST_PAUSE_S * own)  # type: ignore[arg-type] # fractions work
        client.on_connect = _outlived(self._on_connect)
        client.on_connect_fail = _outlived(self._on_connect_fail)
        client.on_disconnect = _outlived(self._on_disconnect)
        client.on_publish = _outlived(self._on_publish)
        client.on_subscribe = _outlived(self._on_subscribe)
        client.on_message = _outlived(self._on_message)
        options: dict[str, Any] = {}
        if self._version is MQTTProtocolVersion.MQTTv5:
            options = {"clean_start": True, "properties": Properties(PacketTypes.CONNECT)}  # type: ignore[no-untyped-call]
            options["properties"].MaximumPacketSize = LARGEST_MESSAGE_BYTES
        try:
            config.host.encode("idna")
            client.connect_async(config.host, config.port, KEEPALIVE_S, **options)
        except ValueError as err:
            raise SinkError(f"[mqtt] host = {config.host!r} is not the name of a host") from err
        self._client = client
        client.loop_start()

    def _let_go(self) -> None:
        """Leave the client to its thread, which ends by itself: to wait for it could take as long as a connect."""
        client, self._client = self._client, None
        self._session = 0
        if client is not None:
            client.disconnect()

    def _is_stale(self, client: Client) -> bool:
        """A client we let go may just have been connecting and not have noticed: tell it again."""
        stale = client is not self._client
        if stale:
            client.disconnect()
        return stale

    def _on_connect(self, client: Client, _: Any, flags: ConnectFlags, reason: ReasonCode, __: Any) -> None:
        if self._is_stale(client):
            return
        if reason.is_failure:
            self._answered = True
            if reason.value == _UNSUPPORTED_VERSION and self._version is MQTTProtocolVersion.MQTTv5:
                self._version_refused = True
            else:
                self._complain("the broker refuses us", reason)
            return
        # What was not acknowledged is sent again by the event queue, which marks it as late.
        client.drop_out_messages()
        self._sessions += 1
        self._session = self._sessions
        self._connected_at = time.monotonic()
        self._announce()

    def _on_connect_fail(self, client: Client, _: Any) -> None:
        if self._is_stale(client):
            return
        # The library calls this where it catches the error, and does not pass it on.
        error = sys.exc_info()[1]
        self._complain("cannot connect", getattr(error, "strerror", None) or error)

    def _on_disconnect(self, client: Client, _: Any, flags: DisconnectFlags, reason: ReasonCode, __: Any) -> None:
        if self._is_stale(client):
            return
        had_session, self._session = self._session != 0, 0
        self._gone.set()
        if had_session and not self._leaving:
            self._complain("connection lost", reason if flags.is_disconnect_packet_from_server else self._guess())
        elif not self._answered and not self._leaving:
            self._complain("the broker hung up before it answered", "is [mqtt] tls or port right?")
        self._answered = False

    def _on_publish(self, client: Client, _: Any, message_id: int, reason: ReasonCode, __: Any) -> None:
        if self._is_stale(client):
            return
        if reason.is_failure:
            self._complain("the broker refuses a message", reason)
        self.delivered.append(message_id)

    def _on_subscribe(self, client: Client, _: Any, __: int, reasons: list[ReasonCode], ___: Any) -> None:
        if self._is_stale(client):
            return
        for (topic, what), reason in zip(self._wanted.items(), reasons, strict=True):
            if reason.is_failure:
                refused = f"the broker refuses us {topic} ({reason}); allow us to read it in the broker's access list"
                self._complain(f"{what} is not heard", refused)

    def _on_message(self, client: Client, _: Any, message: MQTTMessage) -> None:
        if not self._is_stale(client):
            self._received(message.topic, bytes(message.payload), message.retain)

    def _guess(self) -> str:
        """Why a connection ended without a word. Not every broker tells the old one of two clients of one name."""
        if time.monotonic() - self._connected_at < _SHORT_S:
            return f"right after it was made; if this goes on: {_HINTS[142]}"
        return "the broker or the network ended it"

    def _announce(self) -> None:
        if not self._silent:
            version = "5" if self._version is MQTTProtocolVersion.MQTTv5 else "3.1.1"
            log.info("mqtt: connected to %s:%d, version %s", self._config.host, self._config.port, version)
        self._silent = True
        # A connection that comes and goes every second is told of once a minute.
        horizon = time.monotonic() - _QUIET_S
        self._complaints = {text: at for text, at in self._complaints.items() if at > horizon}

    def _complain(self, what: str, why: object) -> None:
        hint = _HINTS.get(why.value) if isinstance(why, ReasonCode) else None
        text = f"{what}: {why}" + (f"; {hint}" if hint else "")
        if text not in self._complaints:
            self._complaints[text] = time.monotonic()
            self._silent = False
            log.warning("mqtt: %s:%d: %s", self._config.host, self._config.port, text)


def _outlived(callback: Callable[..., None]) -> Callable[..., None]:
    """An error that leaves a callback ends the network library's thread, and nobody would connect again."""

    @functools.wraps(callback)
    def guarded(*args: Any) -> None:
        try:
            callback(*args)
        except Exception as err:
            log.error("mqtt: ignored what the broker sent: %s", err, exc_info=log.isEnabledFor(logging.DEBUG))

    return guarded
