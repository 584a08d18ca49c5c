"""What the system does to a program: a card that turns read-only, memory that runs out. Both need root."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

CGROUPS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)
"""Version 1 and version 2 of the kernel's control groups: where they are made, and the file with the limit."""


class Card:
    """An ext4 file system that turns read-only on command, as a worn-out SD card does to its own.

    Raises OSError or CalledProcessError where it cannot be made: no root, no loop devices.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        image = folder.with_suffix(".image")
        image.write_bytes(b"")
        with open(image, "r+b") as file:
            file.truncate(8 << 20)
        _run("mkfs.ext4", "-q", str(image))
        folder.mkdir()
        _run("mount", "-o", "loop,errors=remount-ro", str(image), str(folder))
        self._device = Path(_run("findmnt", "-no", "SOURCE", str(folder)).strip()).name

    def turn_read_only(self) -> None:
        """By an error of the file system itself: a plain remount would fail while files are open."""
        Path(f"/sys/fs/ext4/{self._device}/trigger_fs_error").write_text("1")

    def close(self) -> None:
        _run("umount", "--lazy", str(self.folder))


class Starvation:
    """Gives a process next to no more memory, so that the kernel kills it as soon as it asks for some.

    Raises OSError where control groups cannot be made.
    """

    LIMIT_BYTES = 64 << 10

    def __init__(self) -> None:
        version_1 = (CGROUPS[0][0] / "cgroup.procs").exists()
        root, limit = CGROUPS[0] if version_1 else CGROUPS[1]
        self._group = root / f"emotion-edge-{uuid.uuid4().hex[:8]}"
        self._group.mkdir()
        try:
            (self._group / limit).write_text(str(self.LIMIT_BYTES))
        except OSError:
            self._group.rmdir()
            raise

    def starve(self, pid: int) -> None:
        (self._group / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        """After the process has ended."""
        self._group.rmdir()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
