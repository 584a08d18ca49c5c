"""The live picture with the emotions: a desktop window, or the whole HDMI console where there is no desktop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from edge.config import WindowConfig
from edge.control import Control
from edge.errors import SinkError
from edge.types import Image, Result, Status

if TYPE_CHECKING:
    from edge.overlay import Overlay

_CONSOLE_PIXELS = 1280 * 800
"""More is not drawn on the console: a Pi would need longer than a frame, and the screen can enlarge by itself."""

_DESKTOP_WINDOW = (960, 720)


class Window:
    """Shows results through pygame. Keys: q or Esc stops the program, f full screen, p pauses and goes on, b bars.

    The console's picture needs a user with rights to /dev/dri, its keys rights to /dev/input.
    """

    name = "window"

    def __init__(self, config: WindowConfig, control: Control) -> None:
        self._style = config.style
        self._bars = config.bars
        self._fullscreen = config.fullscreen
        self._control = control
        self._on_console = False
        self._pygame: ModuleType | None = None
        self._overlay: Overlay | None = None
        self._status: Status | None = None

    def open(self) -> None:
        """Take the screen. Raises SinkError where pygame, Pillow or the screen is missing."""
        pygame, overlay_type, icon = _libraries()
        self._on_console = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        # Left to itself, SDL draws into nothing where it finds no screen.
        os.environ.setdefault("SDL_VIDEODRIVER", "kmsdrm" if self._on_console else "x11,wayland")
        # SIGTERM and SIGINT are the daemon's.
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
        self._pygame, self._icon = pygame, pygame.image.frombuffer(icon, icon.shape[:2], "RGBA")
        try:
            self._make_window()
        except pygame.error as err:
            self.close()
            if self._on_console:
                place = "the console: connect a screen, and let this user open /dev/dri (group video or render)"
            else:
                place = f"the desktop (DISPLAY={os.environ.get('DISPLAY', '')}): is it this user's, and running?"
            raise SinkError(f"no screen on {place} [SDL: {err}]") from err
        self._overlay = overlay_type(self._style, self._bars)
        self._present(self._overlay.waiting(self._status, self._size()))

    def show(self, result: Result) -> None:
        """Take keys and draw one result."""
        if self._overlay is None:
            return
        self._take_keys(self._overlay)
        self._present(self._overlay.draw(result, self._status, self._size()))

    def status(self, status: Status) -> None:
        """Take keys and, while there are no results, show why."""
        self._status = status
        if self._overlay is None:
            return
        self._take_keys(self._overlay)
        if status.state != "running":
            self._present(self._overlay.waiting(status, self._size()))

    def close(self) -> None:
        if self._pygame is not None:
            self._pygame.display.quit()
        self._pygame = self._overlay = None

    def _make_window(self) -> None:
        """A new one, also on the way to full screen and back: X11 leaves a changed one at the old size for a while."""
        display = self._open_pygame.display
        # Only the video part of SDL: sound devices and joysticks are none of our business.
        display.quit()
        display.init()
        if display.get_driver() == "x11":
            # Else SDL copies each finished picture through OpenGL: 90 MB of Mesa, and 46 ms where no GPU helps.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        display.set_caption("emotion-edge")
        display.set_icon(self._icon)
        desktop = display.get_desktop_sizes()[0]
        fullscreen = self._fullscreen or self._on_console
        if self._on_console:
            size = console_size(desktop, display.list_modes())
        elif fullscreen:
            size = desktop
        else:
            size = min(_DESKTOP_WINDOW[0], desktop[0]), min(_DESKTOP_WINDOW[1], int(0.85 * desktop[1]))
        display.set_mode(size, self._open_pygame.FULLSCREEN if fullscreen else self._open_pygame.RESIZABLE)
        self._open_pygame.mouse.set_visible(not fullscreen)

    def _take_keys(self, overlay: Overlay) -> None:
        pygame = self._open_pygame
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self._control.stop.set()
            elif event.type == pygame.KEYDOWN:
                self._obey(event.key, overlay)

    def _obey(self, key: int, overlay: Overlay) -> None:
        pygame = self._open_pygame
        if key in (pygame.K_q, pygame.K_ESCAPE):
            self._control.stop.set()
        elif key == pygame.K_p:
            self._control.switch_detection(not self._control.detection)
        elif key == pygame.K_b:
            self._bars = overlay.bars = not overlay.bars
        elif key == pygame.K_f and not self._on_console:
            self._fullscreen = not self._fullscreen
            self._make_window()

    def _size(self) -> tuple[int, int]:
        width, height = self._open_pygame.display.get_surface().get_size()
        return width, height

    def _present(self, picture: Image) -> None:
        pygame = self._open_pygame
        size = picture.shape[1], picture.shape[0]
        pygame.display.get_surface().blit(pygame.image.frombuffer(picture, size, "BGR"), (0, 0))
        pygame.display.flip()

    @property
    def _open_pygame(self) -> ModuleType:
        assert self._pygame is not None, "the window is open"
        return self._pygame


def console_size(screen: tuple[int, int], modes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The screen's own size or, where that is too large to draw in time, its largest mode of the same proportions."""
    shape = screen[0] / screen[1]
    small = [
        (width, height)
        for width, height in (screen, *modes)
        if width * height <= _CONSOLE_PIXELS and abs(width / height - shape) < 0.05
    ]
    return max(small, key=lambda size: size[0] * size[1], default=screen)


def _libraries() -> tuple[ModuleType, type[Overlay], Image]:
    """pygame, what draws, and the program's icon (RGBA); all of them come with the extra `display`."""
    # pygame greets on standard output, which may be our stream of JSON.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame

        from edge.overlay import Overlay
        from edge.overlay.icons import program_icon
    except ImportError as err:
        raise SinkError(f"the window needs pygame-ce and Pillow ({err}): pip install 'emotion-edge[display]'") from err
    return pygame, Overlay, program_icon(64)
