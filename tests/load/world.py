"""What the sinks talk to, and how it fails: the way to the broker, the page's viewers, the disk."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import threading
from pathlib import Path

from tests.mosquitto import free_port


class Way:
    """The way to a broker: passes on, or is cut, or is stuck for a while without being cut."""

    def __init__(self, broker: int) -> None:
        self._broker = broker
        self.port = free_port()
        self._free = threading.Event()
        self._free.set()
        self._server: socket.socket | None = None
        self._ends: list[socket.socket] = []

    def mend(self) -> None:
        self._free.set()
        if self._server is None:
            self._server = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def cut(self) -> None:
        self._free.set()
        server, self._server = self._server, None
        for one in [*([server] if server else []), *self._ends]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._ends.clear()

    def stick(self) -> None:
        self._free.clear()

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = server.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._broker))
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._free.wait()
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


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
