"""Counts the lines of a file that grows and is set aside now and then, as `tail -F` follows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


class Lines:
    """Ask often: of files that were set aside since the last time only the newest is read to its end."""

    def __init__(self, path: Path, mark: bytes) -> None:
        """mark: what a line must hold to be counted."""
        self._path, self._mark = path, mark
        self._file: BinaryIO | None = None
        self._count, self._half = 0, b""

    def count(self) -> int:
        """All so far; none while there is no file."""
        self._read_on()
        if self._is_another():
            self.close()
            if self._path.exists():
                self._file = open(self._path, "rb", buffering=0)  # noqa: SIM115 (stays open until there is another)
            self._read_on()
        return self._count

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._half = None, b""

    def _read_on(self) -> None:
        if self._file is None:
            return
        *whole, self._half = (self._half + self._file.read()).split(b"\n")
        self._count += sum(self._mark in line for line in whole)

    def _is_another(self) -> bool:
        """Whether another file has the path now than the open one."""
        if self._file is None or not self._path.exists():
            return True
        return os.fstat(self._file.fileno()).st_ino != self._path.stat().st_ino
