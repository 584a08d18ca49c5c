"""What the service manager is told: ready, alive, how it goes, stopping. The protocol is in systemd's sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable

from edge.types import Status

log = logging.getLogger(__name__)

INTERVAL_S = 1.0
"""Signs of life between these are not sent: no need to wake the service manager for every frame."""


class Watchdog:
    """Speaks to the socket NOTIFY_SOCKET names, as a path or after an @ in the abstract namespace; else to nobody."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        self._clock = clock
        self._sent_at: float | None = None

    def alive(self) -> None:
        """The loop has just done what it is for. The first time this makes the service ready."""
        now = self._clock()
        if self._sent_at is None:
            self._send("READY=1\nWATCHDOG=1")
        elif now - self._sent_at < INTERVAL_S:
            return
        else:
            self._send("WATCHDOG=1")
        self._sent_at = now

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """From here on nothing more is said."""
        self._send("STOPPING=1")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as err:  # full, or gone: never a reason to stop; systemd acts when it hears nothing
            log.debug("the service manager did not hear %s: %s", message, err)


def status_text(status: Status, faces: int) -> str:
    """faces: in the newest frame."""
    if status.state == "waiting":
        return f"waiting for the camera {status.source}"
    if status.state == "paused":
        return "paused: detection is switched off"
    return f"{status.source}: {status.fps:.1f} frames/s, {faces} {'face' if faces == 1 else 'faces'}"
