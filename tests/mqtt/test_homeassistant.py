"""The discovery message: what Home Assistant asks of one, and whether its templates understand what we publish."""

from __future__ import annotations

import functools
import json
import logging
import time
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edge.config import MqttConfig
from edge.emotion.labels import LABELS
from edge.lines import event_line, frame_line, health_line, to_json
from edge.sinks.mqtt.homeassistant import discovery
from edge.types import Event, Status
from tests.mosquitto import Listener, wait_until
from tests.mqtt.loop import connect, keep_showing, running
from tests.results import changed, result, track

CONFIG = "homeassistant/device/camera/config"
BIRTH = "homeassistant/status"

# Of https://www.home-assistant.io/integrations/mqtt/ and the pages of the platforms below it.
OF_EVERY_ENTITY = {
    *("platform", "unique_id", "name", "icon", "entity_category", "state_topic", "value_template", "qos"),
    *("availability", "availability_mode"),
}
KNOWN = {
    "sensor": OF_EVERY_ENTITY
    | {"device_class", "state_class", "unit_of_measurement", "suggested_display_precision", "options", "expire_after"},
    "binary_sensor": OF_EVERY_ENTITY | {"device_class", "expire_after"},
    "switch": OF_EVERY_ENTITY | {"command_topic"},
    "device_automation": {
        *("platform", "automation_type", "type", "subtype", "topic", "payload", "value_template", "qos")
    },
}
KEYS = [
    *("face", "people", "emotion", "confidence"),
    *(f"share_{label}" for label in LABELS),
    *("camera", "fps", "temperature", "throttled", "detection"),
]

# Home Assistant's own is a sandboxed one, too; it logs what is undefined.
TEMPLATES = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def components(**settings: object) -> dict[str, dict[str, Any]]:
    return discovery(MqttConfig(enabled=True, **settings))["components"]


compiled = functools.cache(TEMPLATES.from_string)


def rendered(template: str, text: str) -> str:
    return compiled(template).render(value=text, value_json=json.loads(text)).strip()


def read(topic: str, text: str) -> dict[str, str]:
    """What each entity of this topic makes of a message."""
    entities = {key: entity for key, entity in components().items() if entity.get("state_topic") == topic}
    assert entities
    return {key: rendered(entity["value_template"], text) for key, entity in entities.items()}


def faces(*tracks) -> dict[str, str]:
    return read("emotion-edge/camera/faces", to_json(frame_line(result(*tracks), "auto")))


class TestMessage:
    def test_says_who_we_are(self):
        message = discovery(MqttConfig(device="hall"))
        assert set(message) == {"device", "origin", "availability", "components"}
        assert message["device"]["identifiers"] == ["emotion-edge-hall"]
        assert set(message["device"]) <= {"identifiers", "name", "manufacturer", "model", "sw_version"}
        assert message["origin"]["name"] == "emotion-edge"
        assert message["availability"] == [{"topic": "emotion-edge/hall/status"}]

    @pytest.mark.parametrize("key", [*components()])
    def test_has_known_keys_only(self, key):
        component = components()[key]
        assert not set(component) - KNOWN[component["platform"]]

    def test_unique_ids_stay_as_they_are(self):
        """Another id is another entity: the owner's names, rooms and history would be lost."""
        ids = [entity["unique_id"] for entity in components(device="a-b").values() if "unique_id" in entity]
        assert ids == [f"emotion-edge-a-b-{key}" for key in KEYS]

    def test_names_are_unique(self):
        names = [entity["name"] for entity in components().values() if "name" in entity]
        assert len(set(names)) == len(names) == len(KEYS)

    def test_what_is_an_enumeration_has_options(self):
        for entity in components().values():
            assert (entity.get("device_class") == "enum") == ("options" in entity)

    def test_what_is_seen_and_measured_expires_after_three_missed_messages(self):
        expiries = {
            entity["state_topic"].rpartition("/")[2]: entity.get("expire_after")
            for entity in components(interval_s=200.0, health_interval_s=60.0).values()
            if "state_topic" in entity
        }
        assert expiries == {"faces": 600, "health": 180, "state": None}


class TestTemplates:
    def test_one_face(self):
        seen = faces(track(3, "happy", 0.88))
        assert (seen["face"], seen["people"]) == ("ON", "1")
        assert (seen["emotion"], seen["confidence"]) == ("happy", "88.0")
        assert {label: seen[f"share_{label}"] for label in LABELS} == dict.fromkeys(LABELS, "2.0") | {"happy": "88.0"}

    def test_several_faces_are_averaged(self):
        seen = faces(track(3, "sad", 0.4), track(4, "happy", 0.88), track(5, "sad", 0.94, uncertain=True))
        assert (seen["face"], seen["people"]) == ("ON", "3")
        assert (seen["emotion"], seen["confidence"]) == ("sad", "45.3")
        assert (seen["share_sad"], seen["share_happy"]) == ("45.3", "33.0")

    def test_faces_that_are_all_uncertain(self):
        seen = faces(track(3, "sad", 0.3, uncertain=True), track(4, "sad", 0.3, uncertain=True))
        assert (seen["emotion"], seen["confidence"]) == ("uncertain", "30.0")

    def test_nobody(self):
        seen = faces()
        assert (seen.pop("face"), seen.pop("people")) == ("OFF", "0")
        assert set(seen.values()) == {"None"}

    def test_every_emotion_is_one_of_the_options(self):
        options = components()["emotion"]["options"]
        assert all(faces(track(3, label))["emotion"] == label for label in LABELS)
        assert set(options) == {*LABELS, "uncertain"}

    def test_health(self):
        text = to_json(health_line(Status("running", "auto", 29.97, temperature_c=51.04, throttled=False)))
        seen = read("emotion-edge/camera/health", text)
        assert seen == {"camera": "running", "fps": "30.0", "temperature": "51.0", "throttled": "OFF"}
        text = to_json(health_line(Status("paused", "auto", throttled=True)))
        seen = read("emotion-edge/camera/health", text)
        assert seen == {"camera": "paused", "fps": "0.0", "temperature": "None", "throttled": "ON"}
        text = to_json(health_line(Status("waiting", "auto")))
        assert read("emotion-edge/camera/health", text)["throttled"] == "None"

    def test_what_is_seen_is_available_only_while_the_camera_runs(self):
        of_faces = [entity for entity in components().values() if entity.get("state_topic", "").endswith("/faces")]
        assert len(of_faces) == 11
        for entity in of_faces:
            status, health = entity["availability"]
            assert status == {"topic": "emotion-edge/camera/status"}
            assert (health["topic"], entity["availability_mode"]) == ("emotion-edge/camera/health", "all")
        states = {"running": "online", "waiting": "offline", "paused": "offline"}
        for state, available in states.items():
            assert rendered(health["value_template"], to_json(health_line(Status(state, "auto")))) == available

    def test_triggers_fire_on_their_own_emotion_and_never_late(self):
        def fired(event: Event, **more: object) -> list[str]:
            text = to_json({**event_line(event, result()), **more})
            triggers = [entity for entity in components().values() if entity["platform"] == "device_automation"]
            assert {trigger["topic"] for trigger in triggers} == {"emotion-edge/camera/event"}
            return [t["subtype"] for t in triggers if rendered(t["value_template"], text) == t["payload"]]

        assert [fired(changed(after=label)) for label in LABELS] == [[label] for label in LABELS]
        assert fired(changed(after="happy"), late=True) == []
        assert fired(Event("face_appeared", 3, None, "happy", 0.9)) == []
        assert fired(Event("face_left", 3, "happy", None, 0.9)) == []


class TestBroker:
    def test_keeps_the_message_for_who_comes_later(self, broker, listener, mqtt):
        connect(mqtt(broker.port), listener)
        wait_until(lambda: listener.texts(CONFIG))
        late = Listener(broker.port)
        wait_until(lambda: late.texts(CONFIG))
        late.close()
        (heard,) = [heard for heard in late.heard if heard.topic == CONFIG]
        assert heard.retained
        assert json.loads(heard.text) == discovery(MqttConfig(enabled=True, interval_s=0.1))

    def test_every_topic_of_the_message_is_one_that_we_use(self, broker, listener, mqtt):
        sink = mqtt(broker.port)
        connect(sink, listener)
        sink.show(result(track(), events=(changed(),)))
        keep_showing(sink, lambda: all(map(listener.texts, ("event", "faces", "health"))))
        used = {f"emotion-edge/camera/{heard.topic}" for heard in listener.heard} | {
            "emotion-edge/camera/detection/set"
        }
        named = [value for entity in components().values() for key, value in entity.items() if key.endswith("topic")]
        assert set(named) <= used

    def test_a_home_assistant_that_starts_is_told_again(self, broker, listener, mqtt, monkeypatch, caplog):
        caplog.set_level(logging.DEBUG)
        monkeypatch.setattr("edge.sinks.mqtt.sink._NEWCOMER_S", 0.3)
        sink = mqtt(broker.port)
        connect(sink, listener)
        keep_showing(sink, lambda: listener.texts(CONFIG))  # said after it began to listen
        sink.show(result(track()))
        listener.say(BIRTH, b"offline")
        listener.say(BIRTH, b"online")

        def told() -> bool:
            sink.status(running())
            sink.show(result(track()))
            # The second comes when Home Assistant has had the time to subscribe.
            return len(listener.texts(CONFIG)) == 2 and len(listener.texts("faces")) > 1

        wait_until(told)
        listener.say(BIRTH, b"")
        listener.say(BIRTH, b"x" * 5000)
        started = time.monotonic()
        keep_showing(sink, lambda: time.monotonic() - started > 0.3)
        assert len(listener.texts(CONFIG)) == 2
        assert not [record for record in caplog.records if record.levelno > logging.INFO]

    def test_is_told_nothing_where_the_owner_does_not_want_it(self, broker, listener, mqtt):
        sink = mqtt(broker.port, home_assistant=False)
        connect(sink, listener)
        listener.say(BIRTH, b"online")
        started = time.monotonic()
        keep_showing(sink, lambda: time.monotonic() - started > 0.3)
        assert listener.texts(CONFIG) == [""]  # which takes back what was said before

    def test_another_prefix(self, broker, listener, mqtt):
        connect(mqtt(broker.port, discovery_prefix="homeassistant/second"), listener)
        wait_until(lambda: listener.texts("homeassistant/second/device/camera/config"))
        assert listener.texts(CONFIG) == []
