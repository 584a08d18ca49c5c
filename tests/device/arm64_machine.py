"""A virtual machine with a 64-bit Arm processor, a disk, and a screen; made by qemu-system-aarch64."""

from __future__ import annotations

import base64
import json
import shlex
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

# A Raspberry Pi 5's processor. Not "max": the SME that qemu 7.2 emulates computes wrong answers.
CORE = "cortex-a76"

LONGEST_S = 1200
"""A command takes."""


class Arm64Machine:
    """Runs until the `with` ends. boot.log in the folder has what the kernel and systemd say."""

    def __init__(self, folder: Path, disk: Path, kernel: Path, first: Path, memory_mb: int = 1024) -> None:
        self.folder = folder
        self._control, self._monitor = folder / "control.socket", folder / "monitor.socket"
        append = "console=ttyAMA0 systemd.firstboot=no rw loglevel=4 panic=-1"
        self._command: list[str | Path] = ["qemu-system-aarch64", "-machine", "virt", "-cpu", CORE, "-smp", "2"]
        self._command += ["-no-reboot"]  # a kernel that gives up ends the machine
        self._command += ["-m", f"{memory_mb}", "-kernel", kernel, "-initrd", first, "-append", append]
        self._command += ["-display", "none", "-serial", f"file:{folder}/boot.log", "-nic", "none"]
        # As a good disk does: what the guest has synced survives a cut of its power, what it has not may be lost.
        self._command += ["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "virtio-blk-pci,drive=disk"]
        self._command += ["-device", "virtio-gpu-pci,xres=800,yres=600", "-device", "virtio-serial-pci"]
        self._command += ["-chardev", f"socket,id=control,path={self._control},server=on,wait=off"]
        self._command += ["-device", "virtserialport,chardev=control,name=control"]
        self._command += ["-qmp", f"unix:{self._monitor},server=on,wait=off"]

    def __enter__(self) -> Arm64Machine:
        self.switch_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut_power()

    def switch_on(self) -> None:
        for path in (self._control, self._monitor):
            path.unlink(missing_ok=True)
        self._qemu = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        self._socket = _connected(self._control)
        self._socket.settimeout(LONGEST_S)
        self._lines = self._socket.makefile("r")

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A line of shell inside, as root; its errors are among its output. The first call waits for the boot."""
        variables = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
        self._socket.sendall(base64.b64encode((variables + command).encode()) + b"\n")
        code, _, said = self._lines.readline().strip().partition(" ")
        if not code:
            raise SystemExit(f"the machine is gone, see {self.folder}/boot.log")
        return subprocess.CompletedProcess(command, int(code), base64.b64decode(said).decode(errors="replace"), "")

    def screenshot(self, picture: Path) -> None:
        """What the screen shows, as a PNG."""
        with _connected(self._monitor) as monitor, monitor.makefile("rw") as lines:
            lines.readline()
            for order in ({"execute": "qmp_capabilities"}, _screendump(picture)):
                lines.write(json.dumps(order) + "\n")
                lines.flush()
                while "return" not in (answer := json.loads(lines.readline())):
                    assert "error" not in answer, answer

    def cut_power(self) -> None:
        self._qemu.kill()
        self._qemu.wait()
        self._socket.close()


def _screendump(picture: Path) -> dict[str, Any]:
    return {"execute": "screendump", "arguments": {"filename": str(picture), "format": "png"}}


def _connected(path: Path) -> socket.socket:
    deadline = time.monotonic() + 60
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return connection
