"""The console's screen through the kernel's framebuffer, /dev/fb0: for boards whose graphics SDL cannot use.

https://docs.kernel.org/fb/api.html. No X, no GPU and no library: the picture is copied into mapped memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from edge.errors import SinkError
from edge.sinks.window.keyboard import Keyboard
from edge.sinks.window.screen import CONSOLE_PIXELS, Key
from edge.types import Image

FRAMEBUFFER: Final = Path("/dev/fb0")

FBIOGET_VSCREENINFO: Final = 0x4600
FBIOGET_FSCREENINFO: Final = 0x4602
_FBIOBLANK: Final = 0x4611
_KDSETMODE: Final = 0x4B3A
_KD_TEXT, _KD_GRAPHICS = 0, 1

# struct fb_var_screeninfo: sizes, offsets, depth, then offset and length of red, green and blue, and more.
VARIABLE: Final = struct.Struct("160s")
_VARIABLE_HEAD: Final = struct.Struct("6I I I 3I 3I 3I")
# struct fb_fix_screeninfo of 64-bit systems, up to the bytes of a line.
FIXED: Final = struct.Struct("@16sL4I3HI32x")

# Bits a pixel, and where blue, green and red begin in it: how to get there from BGR. None: as it is.
_LAYOUTS: Final[dict[tuple[int, int, int, int], int | None]] = {
    (32, 0, 8, 16): cv2.COLOR_BGR2BGRA,
    (32, 16, 8, 0): cv2.COLOR_BGR2RGBA,
    (24, 0, 8, 16): None,
    (24, 16, 8, 0): cv2.COLOR_BGR2RGB,
    (16, 0, 5, 11): cv2.COLOR_BGR2BGR565,
    (16, 0, 5, 10): cv2.COLOR_BGR2BGR555,
}


class Mode(NamedTuple):
    """How the screen's memory is laid out at the moment.

    width, height, left, top: the visible part, pixels. layout: see `_LAYOUTS`. line_bytes: from one row to the next.
    """

    width: int
    height: int
    left: int
    top: int
    layout: tuple[int, int, int, int]
    line_bytes: int
    memory_bytes: int


class FramebufferScreen:
    """Raises SinkError where there is no framebuffer, or none whose colours we know.

    ioctl: asks the kernel; tests answer in its place.
    """

    def __init__(
        self,
        device: Path = FRAMEBUFFER,
        keyboard: Keyboard | None = None,
        ioctl: Callable[..., Any] = fcntl.ioctl,
    ) -> None:
        self._device, self._ioctl = device, ioctl
        self._memory: mmap.mmap | None = None
        self._descriptor = -1
        self._keyboard = keyboard or Keyboard()
        try:
            self._descriptor = os.open(device, os.O_RDWR)
            self._mode = self._read_mode()
            self._map()
        except (OSError, ValueError) as err:
            self.close()
            raise SinkError(f"{device}: {getattr(err, 'strerror', None) or err} (group video)") from err
        except SinkError:
            self.close()
            raise
        self._tell_console(_KD_GRAPHICS)

    @property
    def size(self) -> tuple[int, int]:
        """The screen's own or, of a large one, that divided: the picture is enlarged when it is presented."""
        width, height = self._mode.width, self._mode.height
        shrink = max(1.0, (width * height / CONSOLE_PIXELS) ** 0.5)
        return round(width / shrink), round(height / shrink)

    def present(self, picture: Image) -> None:
        try:
            mode = self._read_mode()
            if mode != self._mode:  # another screen was plugged in
                self._unmap()
                self._mode = mode
                self._map()
        except (OSError, ValueError) as err:
            raise SinkError(f"{self._device}: the screen is gone: {getattr(err, 'strerror', None) or err}") from err
        if (picture.shape[1], picture.shape[0]) != (mode.width, mode.height):
            picture = cv2.resize(picture, (mode.width, mode.height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        conversion = _LAYOUTS[mode.layout]
        pixels = picture if conversion is None else cv2.cvtColor(picture, conversion)
        self._visible()[:] = pixels.view(np.uint8).reshape(mode.height, -1)

    def take_keys(self) -> list[Key]:
        return self._keyboard.take_keys()

    def switch_fullscreen(self) -> None:
        """It always is."""

    def close(self) -> None:
        if self._descriptor >= 0:
            self._tell_console(_KD_TEXT)
            self._unmap()
            os.close(self._descriptor)
            self._descriptor = -1
        self._keyboard.close()

    def _read_mode(self) -> Mode:
        variable = bytearray(VARIABLE.size)
        self._ioctl(self._descriptor, FBIOGET_VSCREENINFO, variable)
        width, height, _, _, left, top, bits, _, *colours = _VARIABLE_HEAD.unpack_from(variable)
        red, green, blue = colours[0], colours[3], colours[6]
        fixed = bytearray(FIXED.size)
        self._ioctl(self._descriptor, FBIOGET_FSCREENINFO, fixed)
        _, _, memory_bytes, _, _, _, _, _, _, line_bytes = FIXED.unpack(fixed)
        layout = (bits, blue, green, red)
        if layout not in _LAYOUTS:
            raise SinkError(f"{self._device}: {bits} bits a pixel in an order we do not know: {layout[1:]}")
        mode = Mode(width, height, left, top, layout, line_bytes, memory_bytes)
        if not 0 < (top + height) * line_bytes <= memory_bytes or (left + width) * bits // 8 > line_bytes:
            raise ValueError(f"the kernel tells sizes that do not fit: {mode}")
        return mode

    def _map(self) -> None:
        self._memory = mmap.mmap(self._descriptor, self._mode.memory_bytes)
        with contextlib.suppress(OSError):  # wake the screen up
            self._ioctl(self._descriptor, _FBIOBLANK, 0)

    def _unmap(self) -> None:
        if self._memory is not None:
            self._visible()[:] = 0
            self._memory.close()
            self._memory = None

    def _visible(self) -> Image:
        """(height, bytes of the visible pixels of a row) of the mapped memory. To be let go at once."""
        mode = self._mode
        pixel = mode.layout[0] // 8
        assert self._memory is not None, "the memory is mapped"
        rows = np.frombuffer(self._memory, np.uint8, mode.height * mode.line_bytes, mode.top * mode.line_bytes)
        start = mode.left * pixel
        visible: Image = rows.reshape(mode.height, mode.line_bytes)[:, start : start + mode.width * pixel]
        return visible

    def _tell_console(self, mode: int) -> None:
        """Keep the kernel's text and cursor away, where we were started from a console of our own. Else they stay."""
        with contextlib.suppress(OSError):
            console = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
            try:
                self._ioctl(console, _KDSETMODE, mode)
            finally:
                os.close(console)
