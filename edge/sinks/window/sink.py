"""The sink: draws each result once, and obeys keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.config import WindowConfig
from edge.control import Control
from edge.errors import SinkError
from edge.extras import how_to_install
from edge.sinks.window.opening import open_screen
from edge.sinks.window.screen import Screen
from edge.types import Result, Status

if TYPE_CHECKING:
    from edge.overlay import Overlay


class Window:
    """Keys: q or Esc stops the program, f full screen, p pauses and goes on, b bars.

    The console's picture needs a user with rights to /dev/dri or /dev/fb0, its keys rights to /dev/input.
    """

    name = "window"

    def __init__(self, config: WindowConfig, control: Control) -> None:
        self._config, self._control = config, control
        self._bars = config.bars
        self._screen: Screen | None = None
        self._overlay: Overlay | None = None
        self._status: Status | None = None
        self._result: Result | None = None
        self._shown_at: tuple[int, int] | None = None

    def open(self) -> None:
        """Take the screen. Raises SinkError where a library or the screen is missing."""
        try:
            from edge.overlay import Overlay
        except ImportError as err:
            raise SinkError(f"the window needs Pillow ({err}): {how_to_install('display')}") from err
        self._screen = open_screen(self._config)
        self._overlay = Overlay(self._config.style, self._bars)
        self._screen.present(self._overlay.waiting(self._status, self._screen.size))

    def show(self, result: Result) -> None:
        """Take keys and draw one result."""
        if self._screen is None or self._overlay is None:
            return
        self._obey_keys(self._screen, self._overlay)
        self._result = result
        self._draw(self._screen, self._overlay, result)

    def status(self, status: Status) -> None:
        """Take keys and show what they, or another size of the window, change; while there are no results, show why."""
        self._status = status
        if self._screen is None or self._overlay is None:
            return
        pressed = self._obey_keys(self._screen, self._overlay)
        if status.state != "running":
            self._screen.present(self._overlay.waiting(status, self._screen.size))
        elif self._result is not None and (pressed or self._screen.size != self._shown_at):
            self._draw(self._screen, self._overlay, self._result)

    def close(self) -> None:
        screen, self._screen, self._overlay, self._result = self._screen, None, None, None
        if screen is not None:
            screen.close()

    def _draw(self, screen: Screen, overlay: Overlay, result: Result) -> None:
        self._shown_at = screen.size
        screen.present(overlay.draw(result, self._status, self._shown_at))

    def _obey_keys(self, screen: Screen, overlay: Overlay) -> bool:
        """Returns whether there was any."""
        keys = screen.take_keys()
        for key in keys:
            if key == "quit":
                self._control.stop.set()
            elif key == "pause":
                self._control.switch_detection(not self._control.detection)
            elif key == "bars":
                self._bars = overlay.bars = not overlay.bars
            elif key == "fullscreen":
                screen.switch_fullscreen()
        return bool(keys)
