"""The discovery message before Home Assistant's own judges; needs `pip install homeassistant` (Python 3.13)."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest

from edge.config import MqttConfig
from edge.sinks.mqtt.homeassistant import discovery

core = pytest.importorskip("homeassistant.core", reason="Home Assistant is not installed: pip install homeassistant")

MODULES = {"device_automation": ("device_trigger", "TRIGGER_DISCOVERY_SCHEMA")}
"""Where a platform's schema is, if not in the module of its name as DISCOVERY_SCHEMA."""


@pytest.fixture(scope="module")
def mqtt() -> Any:
    return importlib.import_module("homeassistant.components.mqtt")


def judged(message: dict[str, Any], mqtt: Any) -> list[str]:
    """The components that were accepted, each with what the message says for all of them. Raises what HA raises."""

    async def judge() -> list[str]:
        core.HomeAssistant("/nowhere")  # templates are only accepted where one runs
        schemas = importlib.import_module(f"{mqtt.__name__}.schemas")
        schemas.DEVICE_DISCOVERY_SCHEMA(message)
        common = {key: message[key] for key in ("device", "origin", "availability")}
        for component in message["components"].values():
            settings = {**common, **component}
            platform = settings.pop("platform")
            module, name = MODULES.get(platform, (platform, "DISCOVERY_SCHEMA"))
            getattr(importlib.import_module(f"{mqtt.__name__}.{module}"), name)(settings)
        return list(message["components"])

    return asyncio.run(judge())


def test_every_component_is_accepted(mqtt):
    assert len(judged(discovery(MqttConfig(enabled=True, device="hall")), mqtt)) == 23


@pytest.mark.parametrize(
    ("key", "value"), [("device_class", "mood"), ("unit_of_measurement", "fps"), ("state_topic", "a/#/b")]
)
def test_the_judge_is_awake(mqtt, key, value):
    message = discovery(MqttConfig(enabled=True, device="hall"))
    message["components"]["temperature"][key] = value
    with pytest.raises(Exception, match=r"(?i)expected|invalid|not.*valid|wildcard"):
        judged(message, mqtt)
