"""The live picture with the emotions: a desktop window, or the whole HDMI console where there is no desktop."""

from edge.sinks.window.sink import Window

__all__ = ["Window"]
