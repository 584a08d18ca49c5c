"""What the sinks talk to beside the broker, and how it fails: the page's viewers, the disk."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import threading
from pathlib import Path


class Disk:
    """A small file system of its own that can be filled; where we may not mount one, a folder that never fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(folder)]
        self.can_fail = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0

    def fill(self) -> None:
        if self.can_fail:
            with contextlib.suppress(OSError), open(self.folder / "filler", "ab", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))

    def empty(self) -> None:
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        if self.can_fail:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Viewers:
    """Of the page: some read, some take nothing, all of them leave without a goodbye."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self._port, self._dice = port, dice
        self._open: list[socket.socket] = []

    def come(self) -> None:
        with contextlib.suppress(OSError):
            one = socket.create_connection(("127.0.0.1", self._port), timeout=5)
            self._open.append(one)
            address = self._dice.choice(("events", "picture"))
            one.sendall(f"GET /{address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            if self._dice.random() < 0.5:
                threading.Thread(target=self._read, args=(one,), daemon=True).start()

    def leave(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                self._open[-1].shutdown(socket.SHUT_RDWR)
            self._open.pop().close()

    @staticmethod
    def _read(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while one.recv(65536):
                pass
