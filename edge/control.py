"""What the owner may ask of the running daemon: stop, or detection off and on."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

log = logging.getLogger(__name__)


class Control:
    """Set by signals, keys and commands, from any thread; read by the loop."""

    def __init__(self, memory: Path | None = None) -> None:
        """memory: a file that is there while detection is off, so that a restart does not switch a camera on."""
        self.stop = threading.Event()
        self._detection = threading.Event()
        self._memory = memory
        if memory and memory.exists():
            log.warning(
                "detection is off since before the start: switch it on where it was switched off, or rm %s", memory
            )
        else:
            self._detection.set()

    @classmethod
    def remembered(cls) -> Control:
        """A service keeps it in the folder that systemd's StateDirectory= gives it; others forget it."""
        folder = os.environ.get("STATE_DIRECTORY")
        return cls(Path(folder, "detection-off") if folder else None)

    @property
    def detection(self) -> bool:
        """False: the privacy switch is off, the camera is released."""
        return self._detection.is_set()

    def switch_detection(self, on: bool) -> None:
        if on:
            self._detection.set()
        else:
            self._detection.clear()
        if self._memory:
            self._remember(self._memory, on)

    def _remember(self, memory: Path, on: bool) -> None:
        try:
            if on:
                memory.unlink(missing_ok=True)
            else:
                memory.touch()
        except OSError as err:
            log.warning(
                "%s: %s; a restart will forget that detection is %s", memory, err.strerror, "on" if on else "off"
            )
