"""Keys of the console's keyboards, straight from the kernel: /dev/input/event*."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.sinks.window.screen import Key

# struct input_event of 64-bit systems: time, type, code, value.
EVENT: Final = struct.Struct("@qqHHi")
EV_KEY: Final = 1
_PRESSED: Final = 1

KEYS: Final[dict[int, Key]] = {1: "quit", 16: "quit", 25: "pause", 48: "bars"}
"""Esc, Q, P and B by their place on an English keyboard (linux/input-event-codes.h)."""

_LOOK_AGAIN_S: Final = 3.0


class Keyboard:
    """Reads all input devices this user may open; those that are plugged in later, too."""

    def __init__(self, folder: Path = Path("/dev/input"), clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._devices: dict[Path, int] = {}
        self._look_at = 0.0

    def take_keys(self) -> list[Key]:
        """What was pressed since the last call. Never waits."""
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + _LOOK_AGAIN_S
            self._look()
        return [key for path in list(self._devices) for key in self._read(path)]

    def close(self) -> None:
        for path in list(self._devices):
            self._drop(path)
        self._look_at = 0.0

    def _look(self) -> None:
        for path in sorted(self._folder.glob("event*")):
            if path not in self._devices:
                try:
                    self._devices[path] = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                except OSError:
                    continue  # not ours to read: then this keyboard has no say

    def _read(self, path: Path) -> list[Key]:
        try:
            events = EVENT.iter_unpack(os.read(self._devices[path], 64 * EVENT.size))
        except BlockingIOError:
            return []
        except (OSError, struct.error):  # unplugged
            self._drop(path)
            return []
        pressed = [code for _, _, kind, code, value in events if (kind, value) == (EV_KEY, _PRESSED)]
        return [KEYS[code] for code in pressed if code in KEYS]

    def _drop(self, path: Path) -> None:
        os.close(self._devices.pop(path))
