"""The message by which Home Assistant finds us: a device, its entities, and the templates that read our topics.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery. Needs Home Assistant 2024.11 or newer.
"""

from __future__ import annotations

import math
import typing
from typing import Any, Final

from edge import __version__
from edge.config import MqttConfig
from edge.emotion.labels import LABELS
from edge.sinks.mqtt.topics import client_id, own_topic
from edge.types import State

_ICONS: Final = dict(zip(LABELS, ("angry", "sick", "frown", "happy", "sad", "excited", "neutral"), strict=True))
_SHORTEST_EXPIRY_S: Final = 30

# `None` is what Home Assistant shows as unknown.
_FACE: Final = "{{ 'ON' if value_json.faces else 'OFF' }}"
_PEOPLE: Final = "{{ value_json.faces | count }}"
_SHARE: Final = (
    "{% set faces = value_json.faces %}"
    "{{ (100 * (faces | sum(attribute='probabilities.LABEL')) / (faces | count)) | round(1) if faces else None }}"
)
_LIKELIEST: Final = (
    "{% set faces = value_json.faces %}{% set best = namespace(sum=-1, label=None) %}"
    "{% for label in (faces[0].probabilities if faces else ()) %}"
    "{% set sum = faces | sum(attribute='probabilities.' ~ label) %}"
    "{% if sum > best.sum %}{% set best.sum = sum %}{% set best.label = label %}{% endif %}{% endfor %}"
)
_EMOTION: Final = (
    _LIKELIEST + "{{ 'uncertain' if faces and faces | rejectattr('uncertain') | list | count == 0 else best.label }}"
)
_CONFIDENCE: Final = _LIKELIEST + "{{ (100 * best.sum / (faces | count)) | round(1) if faces else None }}"
_THROTTLED: Final = "{{ None if value_json.throttled is none else 'ON' if value_json.throttled else 'OFF' }}"
_WATCHING: Final = "{{ 'online' if value_json.state == 'running' else 'offline' }}"
# A late event tells of the past: no light is to be switched on by it.
_CHANGED_TO: Final = (
    "{{ value_json.to if value_json.event == 'emotion_changed' and value_json.late is not defined else '' }}"
)


def repeat_s(config: MqttConfig) -> float:
    """So often the frame line is told although nothing changed: silence is to mean that we are gone."""
    return max(config.interval_s, config.health_interval_s)


def discovery(config: MqttConfig) -> dict[str, Any]:
    """The device-discovery message. The same configuration always gives the same message and the same unique ids.

    With several faces, a share is the average of their probabilities, and the emotion the one with the largest share.
    """
    name = client_id(config)
    entities = _of_faces(config) | _of_health(config) | _switch(config)
    return {
        "device": {
            "identifiers": [name],
            "name": f"emotion-edge {config.device}",
            "manufacturer": "emotion-edge",
            "model": "Facial emotion recognition",
            "sw_version": __version__,
        },
        "origin": {"name": "emotion-edge", "sw_version": __version__},
        "availability": [_online(config)],
        "components": {key: {**entity, "unique_id": f"{name}-{key}"} for key, entity in entities.items()}
        | _triggers(config),
    }


def _of_faces(config: MqttConfig) -> dict[str, dict[str, Any]]:
    """What the camera sees. Unavailable, rather than a thing of the past, while the camera is away or switched off."""
    watching = {"topic": own_topic(config, "health"), "value_template": _WATCHING}
    common = {
        "state_topic": own_topic(config, "faces"),
        "expire_after": _expiry_s(repeat_s(config)),
        "availability": [_online(config), watching],
        "availability_mode": "all",
    }
    number = {**common, "platform": "sensor", "state_class": "measurement"}
    percent = {**number, "unit_of_measurement": "%", "suggested_display_precision": 0}
    shares = {
        f"share_{label}": {
            **percent,
            "name": label.capitalize(),
            "icon": f"mdi:emoticon-{_ICONS[label]}-outline",
            "value_template": _SHARE.replace("LABEL", label),
        }
        for label in LABELS
    }
    return {
        "face": {
            **common,
            "platform": "binary_sensor",
            "name": "Face",
            "device_class": "occupancy",
            "value_template": _FACE,
        },
        "people": {**number, "name": "People", "icon": "mdi:account-group", "value_template": _PEOPLE},
        "emotion": {
            **common,
            "platform": "sensor",
            "name": "Emotion",
            "icon": "mdi:emoticon-outline",
            "device_class": "enum",
            "options": [*LABELS, "uncertain"],
            "value_template": _EMOTION,
        },
        "confidence": {**percent, "name": "Confidence", "icon": "mdi:check-decagram", "value_template": _CONFIDENCE},
        **shares,
    }


def _of_health(config: MqttConfig) -> dict[str, dict[str, Any]]:
    common = {
        "platform": "sensor",
        "state_topic": own_topic(config, "health"),
        "expire_after": _expiry_s(config.health_interval_s),
        "entity_category": "diagnostic",
    }
    return {
        "camera": {
            **common,
            "name": "Camera",
            "icon": "mdi:camera",
            "device_class": "enum",
            "options": list(typing.get_args(State)),
            "value_template": "{{ value_json.state }}",
        },
        "fps": {
            **common,
            "name": "Frame rate",
            "icon": "mdi:speedometer",
            "state_class": "measurement",
            "unit_of_measurement": "fps",
            "value_template": "{{ value_json.fps }}",
        },
        "temperature": {
            **common,
            "name": "Temperature",
            "device_class": "temperature",
            "state_class": "measurement",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c }}",
        },
        "throttled": {
            **common,
            "platform": "binary_sensor",
            "name": "Throttled",
            "device_class": "problem",
            "value_template": _THROTTLED,
        },
    }


def _switch(config: MqttConfig) -> dict[str, dict[str, Any]]:
    return {
        "detection": {
            "platform": "switch",
            "name": "Detection",
            "icon": "mdi:face-recognition",
            "state_topic": own_topic(config, "detection/state"),
            "command_topic": own_topic(config, "detection/set"),
            "qos": 1,
        }
    }


def _triggers(config: MqttConfig) -> dict[str, dict[str, Any]]:
    """For automations: somebody's emotion changed to this one."""
    return {
        f"emotion_changed_{label}": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "type": "emotion_changed",
            "subtype": label,
            "topic": own_topic(config, "event"),
            "value_template": _CHANGED_TO,
            "payload": label,
            "qos": 1,
        }
        for label in LABELS
    }


def _online(config: MqttConfig) -> dict[str, Any]:
    return {"topic": own_topic(config, "status")}


def _expiry_s(period_s: float) -> int:
    """After three messages in a row were missed."""
    return max(_SHORTEST_EXPIRY_S, math.ceil(3 * period_s))
