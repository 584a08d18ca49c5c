"""A screen through pygame, that is SDL: a window on the desktop, or the whole console (kmsdrm)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from edge.errors import SinkError
from edge.extras import how_to_install
from edge.sinks.window.screen import CONSOLE_PIXELS, Key
from edge.types import Image

_DESKTOP_WINDOW: Final = (960, 720)


class SdlScreen:
    """Raises SinkError where pygame or the screen is missing."""

    def __init__(self, *, on_console: bool, fullscreen: bool) -> None:
        pygame, icon = _libraries()
        self._on_console, self._fullscreen = on_console, fullscreen
        # Left to itself, SDL draws into nothing where it finds no screen.
        os.environ.setdefault("SDL_VIDEODRIVER", "kmsdrm" if on_console else "x11,wayland")
        # SIGTERM and SIGINT are the daemon's.
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
        self._pygame, self._icon = pygame, pygame.image.frombuffer(icon, icon.shape[:2], "RGBA")
        self._keys: dict[int, Key] = {
            pygame.K_q: "quit",
            pygame.K_ESCAPE: "quit",
            pygame.K_p: "pause",
            pygame.K_b: "bars",
            pygame.K_f: "fullscreen",
        }
        try:
            self._make_window()
        except pygame.error as err:
            self.close()
            if on_console:
                place = "the console: connect a screen, and let this user open /dev/dri (group video or render)"
            else:
                place = f"the desktop (DISPLAY={os.environ.get('DISPLAY', '')}): is it this user's, and running?"
            raise SinkError(f"no screen on {place} [SDL: {err}]") from err

    @property
    def size(self) -> tuple[int, int]:
        width, height = self._pygame.display.get_surface().get_size()
        return width, height

    def present(self, picture: Image) -> None:
        pygame = self._pygame
        size = picture.shape[1], picture.shape[0]
        try:
            pygame.display.get_surface().blit(pygame.image.frombuffer(picture, size, "BGR"), (0, 0))
            pygame.display.flip()
        except pygame.error as err:
            raise SinkError(f"the screen is gone [SDL: {err}]") from err

    def take_keys(self) -> list[Key]:
        pygame = self._pygame
        events = pygame.event.get()
        return [
            "quit" if event.type == pygame.QUIT else self._keys[event.key]
            for event in events
            if event.type == pygame.QUIT or (event.type == pygame.KEYDOWN and event.key in self._keys)
        ]

    def switch_fullscreen(self) -> None:
        if not self._on_console:
            self._fullscreen = not self._fullscreen
            self._make_window()

    def close(self) -> None:
        self._pygame.display.quit()

    def _make_window(self) -> None:
        """A new one, also on the way to full screen and back: X11 leaves a changed one at the old size for a while."""
        display = self._pygame.display
        # Only the video part of SDL: sound devices and joysticks are none of our business.
        display.quit()
        display.init()
        if display.get_driver() == "x11":
            # Else SDL copies each finished picture through OpenGL: 90 MB of Mesa, and 46 ms where no GPU helps.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        display.set_caption("emotion-edge")
        display.set_icon(self._icon)
        desktop = display.get_desktop_sizes()[0]
        if self._on_console:
            size = console_size(desktop, display.list_modes())
        elif self._fullscreen:
            size = desktop
        else:
            size = min(_DESKTOP_WINDOW[0], desktop[0]), min(_DESKTOP_WINDOW[1], int(0.85 * desktop[1]))
        display.set_mode(size, self._pygame.FULLSCREEN if self._fullscreen else self._pygame.RESIZABLE)
        self._pygame.mouse.set_visible(not self._fullscreen)


def console_size(screen: tuple[int, int], modes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The screen's own size or, where that is too large to draw in time, its largest mode of the same proportions."""
    shape = screen[0] / screen[1]
    small = [
        (width, height)
        for width, height in (screen, *modes)
        if width * height <= CONSOLE_PIXELS and abs(width / height - shape) < 0.05
    ]
    return max(small, key=lambda size: size[0] * size[1], default=screen)


def _libraries() -> tuple[ModuleType, Image]:
    """pygame, and the program's icon (RGBA); both come with the extra `display`."""
    # pygame greets on standard output, which may be our stream of JSON.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame

        from edge.overlay.icons import program_icon
    except ImportError as err:
        raise SinkError(f"the window needs pygame-ce and Pillow ({err}): {how_to_install('display')}") from err
    return pygame, program_icon(64)
