"""Which screen it is: a desktop, or the console through SDL or the framebuffer."""

from __future__ import annotations

import logging
import os

from edge.config import WindowConfig
from edge.errors import SinkError
from edge.sinks.window.screen import Screen

log = logging.getLogger(__name__)


def open_screen(config: WindowConfig) -> Screen:
    """The desktop, else the console. Raises SinkError where there is neither."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return _desktop(config)
    why = []
    if config.console != "framebuffer":
        try:
            return _console()
        except SinkError as err:
            why.append(str(err))
    if config.console != "kmsdrm":
        try:
            screen = _framebuffer()
        except SinkError as err:
            why.append(str(err))
        else:
            log.info("window: on the framebuffer%s", f", because of: {why[0]}" if why else "")
            return screen
    raise SinkError("; ".join(why))


def _desktop(config: WindowConfig) -> Screen:
    from edge.sinks.window.sdl import SdlScreen

    return SdlScreen(on_console=False, fullscreen=config.fullscreen)


def _console() -> Screen:
    from edge.sinks.window.sdl import SdlScreen

    return SdlScreen(on_console=True, fullscreen=True)


def _framebuffer() -> Screen:
    from edge.sinks.window.framebuffer import FramebufferScreen

    return FramebufferScreen()
