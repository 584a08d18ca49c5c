"""Where the picture goes and keys come from: a desktop, or the console through SDL or the framebuffer."""

from __future__ import annotations

import logging
import os
from typing import Final, Literal, Protocol

from edge.config import WindowConfig
from edge.errors import SinkError
from edge.types import Image

log = logging.getLogger(__name__)

Key = Literal["quit", "pause", "bars", "fullscreen"]

CONSOLE_PIXELS: Final = 1280 * 800
"""More is not drawn on the console: a Pi would need longer than a frame, and the picture can be enlarged."""


class Screen(Protocol):
    """An open screen; who opened it closes it. What is connected behind it may change size at any time."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures it wants, in pixels."""

    def present(self, picture: Image) -> None:
        """Show an (H, W, 3) BGR picture of its size. Raises SinkError when the screen is gone."""

    def take_keys(self) -> list[Key]:
        """What was asked for since the last call."""

    def switch_fullscreen(self) -> None:
        """Only a desktop can."""

    def close(self) -> None:
        """Give the screen back. May be called twice."""


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
