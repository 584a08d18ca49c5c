"""What the owner may ask of the running daemon: stop, or detection off and on."""

from __future__ import annotations

import threading


class Control:
    """Set by signals, keys and commands, from any thread; read by the loop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._detection = threading.Event()
        self._detection.set()

    @property
    def detection(self) -> bool:
        """False: the privacy switch is off, the camera is released."""
        return self._detection.is_set()

    def switch_detection(self, on: bool) -> None:
        if on:
            self._detection.set()
        else:
            self._detection.clear()
