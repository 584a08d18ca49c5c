"""What we tell an MQTT broker, and the one thing it may tell us: detection off and on."""

from __future__ import annotations

import logging
import math
import time
from typing import Final

import numpy as np

from edge.config import MqttConfig
from edge.control import Control
from edge.lines import event_line, frame_line, health_line, to_json
from edge.sinks.mqtt.broker import Broker
from edge.sinks.mqtt.event_queue import EventQueue
from edge.sinks.mqtt.homeassistant import discovery, repeat_s
from edge.sinks.mqtt.spool import Spool
from edge.sinks.mqtt.topics import BIRTH_TOPIC, RETAINED, discovery_topic, listened_to, own_topic
from edge.types import Result, Status, Track

log = logging.getLogger(__name__)

# Together they keep `close` below one second.
_LAST_EVENTS_S: Final = 0.4
_GOODBYE_S: Final = 0.4

# Writing wears SD cards out. So much of an outage is lost at most where the power fails in it.
_SPOOL_INTERVAL_S: Final = 60.0

# A face has changed when one of its probabilities has moved by this much.
_NOTABLE: Final = 0.1
# So long Home Assistant may take to subscribe to what it has just been told of.
_NEWCOMER_S: Final = 5.0


class Mqtt:
    """Topics below emotion-edge/<device>. Remembers what was said last, and events until they are acknowledged."""

    name = "mqtt"

    def __init__(self, config: MqttConfig, source: str, control: Control) -> None:
        self._config = config
        self._source = source
        self._control = control
        self._events = EventQueue(config.event_queue)
        self._overflowing = False
        self._spool = Spool(config.spool) if config.spool else None
        self._spooled_at = 0.0
        self._broker: Broker | None = None
        self._faces: tuple[str | None, tuple[Track, ...]] | None = None
        self._faces_at = -math.inf
        self._faces_again_at = math.inf
        self._newcomer = self._withdrawn = False
        self._detection: bool | None = None
        self._state: str | None = None
        self._health_at = -math.inf

    def open(self) -> None:
        broker = Broker(self._config, self.received)
        broker.open()
        if self._spool is not None:
            self._events.restore(self._spool.open())
            self._spooled_at = time.monotonic()
        self._broker = broker

    @property
    def connected(self) -> bool:
        return self._broker is not None and self._broker.connected

    @property
    def waiting(self) -> int:
        """So many events the broker has not acknowledged yet."""
        return len(self._events)

    def show(self, result: Result) -> None:
        for event in result.events:
            self._events.add(event_line(event, result))
        if self._broker is not None and self._catch_up(self._broker):
            self._tell_faces(self._broker, result)

    def status(self, status: Status) -> None:
        if self._broker is not None and self._catch_up(self._broker):
            self._tell_detection(self._broker)
            self._tell_health(self._broker, status)

    def close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is None:
            return
        deadline = time.monotonic() + _LAST_EVENTS_S
        self._catch_up(broker)
        while self.waiting and time.monotonic() < deadline:
            time.sleep(0.01)
            self._catch_up(broker)
        kept = self._spool is not None and self._spool.save(self._events.unsent())
        if self.waiting:
            fate = f"; they wait in {self._config.spool}" if kept else ""
            log.warning("mqtt: the broker did not take the last %d events%s", self.waiting, fate)
        if self._spool is not None:
            self._spool.close()
        broker.close(_GOODBYE_S)

    def _catch_up(self, broker: Broker) -> bool:
        """Do what the state of the connection asks for. Returns whether there is one."""
        while broker.delivered:
            self._events.acknowledge(broker.delivered.popleft())
        if broker.renewed():
            self._introduce(broker)
        if self._newcomer and broker.connected:
            self._announce(broker)
        if broker.connected:
            self._events.send(lambda event: self._tell(broker, "event", to_json(event), qos=1))
        self._report_dropped()
        self._keep_spool(broker.connected)
        return broker.connected

    def _introduce(self, broker: Broker) -> None:
        """Tell a broker that knows nothing of us everything."""
        # In this order: whoever sees us online can switch us.
        broker.subscribe(listened_to(self._config))
        self._tell(broker, "status", "online")
        self._faces = self._detection = self._state = None
        self._tell_detection(broker)
        if self._config.home_assistant:
            self._announce(broker)
        elif not self._withdrawn:
            self._withdraw(broker)
        late = self._events.start_again()
        if late:
            log.info("mqtt: sending %d events of the time without a broker", late)

    def _announce(self, broker: Broker) -> None:
        """To Home Assistant. Retained, so that it knows us, as absent, also when it starts while we are off."""
        self._newcomer = False
        broker.publish(discovery_topic(self._config), to_json(discovery(self._config)), qos=1, retain=True)
        self._faces_again_at = time.monotonic() + _NEWCOMER_S

    def _withdraw(self, broker: Broker) -> None:
        """Take back what an earlier run, with home_assistant on, may have left with the broker.

        Once in a run, and with QoS 0, to which nobody answers: on a broker that allows us no other topics than our own
        this may be refused, on some by ending the connection.
        """
        self._withdrawn = True
        broker.publish(discovery_topic(self._config), "", retain=True)

    def _report_dropped(self) -> None:
        """Once when the queue overflows, and once with the number when it has run empty again."""
        if self._events.dropped and not self._overflowing:
            log.warning(
                "mqtt: %d events wait for the broker, from now on the oldest are lost", self._config.event_queue
            )
            self._overflowing = True
        elif self._overflowing and not self.waiting:
            log.warning("mqtt: %d events were lost while the broker took none", self._events.dropped)
            self._events.dropped, self._overflowing = 0, False

    def _keep_spool(self, connected: bool) -> None:
        """Write now and then in a long outage, never in a short one, and once when the broker has taken everything."""
        if self._spool is None:
            return
        now = time.monotonic()
        if connected:
            self._spooled_at = now
            if not self.waiting:
                self._spool.save(())
        elif now - self._spooled_at >= _SPOOL_INTERVAL_S:
            self._spooled_at = now
            self._spool.save(self._events.unsent())

    def _tell_faces(self, broker: Broker, result: Result) -> None:
        """When something changed, and now and then although nothing did: `faces` is not retained, and expires.

        That nobody is left is told at once: after it, a camera that is switched off has nothing more to say.
        """
        now = time.monotonic()
        emptied = self._faces is not None and bool(self._faces[1]) and not result.tracks
        if now - self._faces_at < self._config.interval_s and not emptied:
            return
        again = now >= self._faces_again_at
        if again or self._faces is None or _changed(*self._faces, result):
            self._tell(broker, "faces", to_json(frame_line(result, self._source)))
            self._faces, self._faces_at = (result.frame.file, result.tracks), now
        if again or self._faces_again_at == math.inf:
            self._faces_again_at = now + repeat_s(self._config)

    def _tell_detection(self, broker: Broker) -> None:
        on = self._control.detection
        if on != self._detection:
            self._tell(broker, "detection/state", "ON" if on else "OFF")
            self._detection = on

    def _tell_health(self, broker: Broker, status: Status) -> None:
        """Now and then, and whenever the camera goes or comes."""
        now = time.monotonic()
        if status.state != self._state or now - self._health_at >= self._config.health_interval_s:
            self._tell(broker, "health", to_json(health_line(status)))
            if self._state not in (None, status.state):
                self._faces = None  # what was seen before a pause is not what is seen after it
            self._state, self._health_at = status.state, now

    def _tell(self, broker: Broker, name: str, text: str, qos: int = 0) -> int:
        """Say something on one of our own topics. Returns the message's id."""
        return broker.publish(own_topic(self._config, name), text, qos, retain=name in RETAINED)

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """What the broker passes on to us; in the network thread."""
        if topic != BIRTH_TOPIC:
            self._switch(payload, retained)
        elif payload == b"online":
            self._newcomer = True

    def _switch(self, payload: bytes, retained: bool) -> None:
        """A retained command is an old one: it must not switch a camera on at every start."""
        if not retained and payload in (b"ON", b"OFF"):
            self._control.switch_detection(payload == b"ON")
        else:
            kind = "an old, retained" if retained else "an unknown"
            log.warning("mqtt: %s command for detection/set is ignored: %r", kind, payload[:20])


def _changed(file: str | None, before: tuple[Track, ...], result: Result) -> bool:
    """Whether the result says something notable that the frame line of before did not."""
    known = {track.id: track for track in before}
    if file != result.frame.file or known.keys() != {track.id for track in result.tracks}:
        return True
    return any(_differs(known[track.id], track) for track in result.tracks)


def _differs(before: Track, now: Track) -> bool:
    if (before.emotion, before.uncertain) != (now.emotion, now.uncertain):
        return True
    return bool(np.abs(now.probabilities - before.probabilities).max() > _NOTABLE)
