"""A page for a phone or a desk: the live picture, the emotions, the last minutes, the device's health."""

from edge.sinks.web.sink import Web

__all__ = ["Web"]
