"""What a broker is told, and with it Home Assistant; and the one thing it may tell us: detection off and on."""

from edge.sinks.mqtt.sink import Mqtt

__all__ = ["Mqtt"]
