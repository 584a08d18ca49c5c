"""How a picture reaches a small display: whole, or only the pixels that changed, a few milliseconds at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage

_ENOUGH_S: Final = 0.012
"""After so long on the bus the rest waits for the next call. A page of 128 columns takes 12 ms on I2C at 100 kHz."""


class Panel(Protocol):
    def send(self, picture: PillowImage.Image) -> bool:
        """Bring it nearer to showing the picture, which is of its size and mode. Returns whether it shows all of it."""


class Whole:
    """Leaves it to luma's driver, which sends everything, or what it knows to have changed."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def send(self, picture: PillowImage.Image) -> bool:
        self._device.display(picture)
        return True


class Pages:
    """A monochrome display whose memory is pages of 8 rows, a byte a column. Sends what changed, page by page.

    device: luma's, just made, so that it is blank. point: the commands that set where the next bytes go, of a page and
    its first and last column.
    """

    def __init__(self, device: Any, point: Callable[[int, int, int], list[int]], clock: Callable[[], float]) -> None:
        self._device, self._point, self._clock = device, point, clock
        self._sent: npt.NDArray[np.uint8] | None = None

    def send(self, picture: PillowImage.Image) -> bool:
        wanted = _pages(np.asarray(self._device.preprocess(picture)))
        if self._sent is None:
            self._sent = np.zeros_like(wanted)
        began = self._clock()
        for page in np.flatnonzero((wanted != self._sent).any(axis=1)):
            if self._clock() - began >= _ENOUGH_S:
                return False
            changed = np.flatnonzero(wanted[page] != self._sent[page])
            first, last = int(changed[0]), int(changed[-1])
            self._device.command(*self._point(int(page), first, last))
            self._device.data(wanted[page, first : last + 1].tolist())
            self._sent[page] = wanted[page]
        return True


def panel_of(device: Any, clock: Callable[[], float]) -> Panel:
    """For a device of luma's."""
    from luma.oled.device import sh1106, ssd1306

    if isinstance(device, ssd1306):  # the SSD1309 is one, too
        start = int(device._colstart)
        return Pages(device, lambda page, a, b: [0x21, start + a, start + b, 0x22, page, page], clock)
    if isinstance(device, sh1106):
        start = int(device._page_address_offset)
        return Pages(device, lambda page, a, _: [0xB0 | page, (start + a) & 0xF, 0x10 | (start + a) >> 4], clock)
    return Whole(device)


def _pages(lit: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """(rows / 8, columns) bytes of (rows, columns) pixels; the lowest bit is the uppermost row."""
    rows, columns = lit.shape
    return np.packbits(lit.reshape(rows // 8, 8, columns), axis=1, bitorder="little")[:, 0]
