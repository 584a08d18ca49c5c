"""What we and our topics are called at a broker: the one home of these names."""

from __future__ import annotations

from typing import Final

from edge.config import MqttConfig

RETAINED: Final = ("status", "health", "detection/state")
"""Of these of our topics the broker keeps the last message, until it is replaced by an empty one."""

BIRTH_TOPIC: Final = "homeassistant/status"
"""Where Home Assistant says `online` when it has started. Its discovery prefix does not change it."""


def base(config: MqttConfig) -> str:
    """What all our topics begin with."""
    return f"emotion-edge/{config.device}"


def own_topic(config: MqttConfig, name: str) -> str:
    """name: `status`, `detection/set`, ..."""
    return f"{base(config)}/{name}"


def discovery_topic(config: MqttConfig) -> str:
    """Where Home Assistant reads what we are. Its messages are retained, too."""
    return f"{config.discovery_prefix}/device/{config.device}/config"


def listened_to(config: MqttConfig) -> dict[str, str]:
    """Topics, and what the owner calls what is said there."""
    topics = {own_topic(config, "detection/set"): "the privacy switch"}
    return topics | ({BIRTH_TOPIC: "the start of Home Assistant"} if config.home_assistant else {})


def kept_by_broker(config: MqttConfig) -> list[str]:
    """Every topic of which a broker may keep a message of ours."""
    return [discovery_topic(config), *(own_topic(config, name) for name in RETAINED)]


def client_id(config: MqttConfig, suffix: str = "") -> str:
    """What a client of this device calls itself. Of two of one name, a broker ends the connection of the older.

    suffix: of a client beside the daemon.
    """
    name = f"emotion-edge-{config.device}"
    return f"{name}-{suffix}" if suffix else name
