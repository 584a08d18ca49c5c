"""A file of whole lines: appended to, mended after a power cut, set aside when it is large, brought to the disk."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from edge.config import FileConfig
from edge.control import Control
from edge.errors import SinkError
from edge.sinks.stream import LineStream

_LONGEST_LINE = 1 << 20
"""Bytes: so far back from the end of a file the beginning of its last line is looked for."""

_LOOK_S = 1.0
"""So often it is looked whether the file still has its name, which a program that rotates log files takes from it."""


class LineFile:
    """A file, or a named pipe that somebody reads. Only a file is mended, rotated and brought to the disk.

    Lines that were written together stand in the file together or, where the disk is full, not at all.
    """

    def __init__(
        self,
        config: FileConfig,
        control: Control,
        *,
        header: str = "",
        line_start: str = "",
        patient: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """header: the first line of every file, with its end. line_start: what our own lines begin with. patient: with
        the reader of a named pipe."""
        self._config, self._control, self._patient = config, control, patient
        self._header, self._line_start = header.encode(), line_start.encode()
        self._limit = round(config.rotate_mb * 1e6)
        self._clock, self._look_at = clock, 0.0
        self._path = ""
        self._stream: LineStream | None = None
        self._descriptor = -1

    def open(self) -> None:
        """Raises SinkError where the file cannot be written or is not one of ours."""
        # Of a link, the file it leads to is the one to be renamed; /dev/stdout is such a link.
        self._path = os.path.realpath(self._config.path)
        self._look_at = self._clock() + _LOOK_S
        try:
            # O_NONBLOCK: do not wait for the reader of a named pipe. It has no effect on a file.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
            self._descriptor = os.open(self._path, flags, 0o644)
            self._stream = LineStream(self._descriptor, self._config.path, self._control, patient=self._patient)
            if self._regular():
                self._mend()
        except OSError as err:
            self.close()
            raise SinkError(f"{self._config.path}: cannot be written: {err.strerror}") from err
        except SinkError:
            self.close()
            raise

    def write(self, text: str) -> None:
        """text: whole lines. Raises SinkError when the disk is full, or a named pipe's reader has gone."""
        if self._stream is None:
            return
        if not self._regular():
            self._stream.write(text)
            return
        file = os.fstat(self._descriptor)
        if file.st_nlink == 0 or self._renamed(file):  # st_nlink: somebody has deleted it
            self._reopen()
        elif self._limit and file.st_size >= self._limit:
            self._rotate()
        self._append(text)
        if self._config.fsync == "always":
            self._sync()

    def close(self) -> None:
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        try:
            if self._config.fsync != "never" and self._regular():
                self._sync()
        finally:
            stream.close()

    def _regular(self) -> bool:
        return stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def _renamed(self, file: os.stat_result) -> bool:
        """Whether the path leads to another file now, or to none. Looked at once in _LOOK_S: a line costs no more."""
        now = self._clock()
        if now < self._look_at:
            return False
        self._look_at = now + _LOOK_S
        try:
            return not os.path.samestat(file, os.stat(self._config.path))
        except FileNotFoundError:
            return True
        except OSError:  # the way to it is closed, but we have the file
            return False

    def _append(self, text: str) -> None:
        assert self._stream is not None, "the file is open"
        end = os.fstat(self._descriptor).st_size
        try:
            self._stream.write(text)
        except SinkError:
            with contextlib.suppress(OSError):  # a file system that has become read-only: mended at the next opening
                os.ftruncate(self._descriptor, end)
            raise

    def _reopen(self) -> None:
        self.close()
        self.open()

    def _rotate(self) -> None:
        """FILE becomes FILE.1, what was FILE.1 becomes FILE.2; the oldest goes."""
        self.close()
        try:
            for number in range(self._config.keep - 1, 0, -1):
                if os.path.exists(old := f"{self._path}.{number}"):
                    os.replace(old, f"{self._path}.{number + 1}")
            os.replace(self._path, f"{self._path}.1")
        except OSError as err:
            raise SinkError(f"{self._config.path}: cannot be renamed to {self._path}.1: {err.strerror}") from err
        self.open()
        if self._config.fsync != "never":
            self._sync_folder()

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as err:
            raise SinkError(f"{self._config.path}: the disk did not take it: {err.strerror}") from err

    def _sync_folder(self) -> None:
        """A file's name has reached the disk when its folder has."""
        folder = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _mend(self) -> None:
        """Make sure that the file begins with the header and ends with a whole line."""
        with open(self._path, "r+b") as file:
            beginning = file.read(len(self._header))
            if not self._header.startswith(beginning.rstrip(b"\0")):
                raise SinkError(f"{self._config.path}: is there already and has other columns; choose another file")
            if len(beginning) < len(self._header):
                file.truncate(0)
            _mend_end(file.fileno(), self._line_start)
        if os.fstat(self._descriptor).st_size == 0 and self._header:
            self._append(self._header.decode())


def _mend_end(descriptor: int, line_start: bytes) -> None:
    """Cut off half a line of ours; give the last line of somebody else its end.

    A power cut leaves the beginning of a line, on some file systems followed by zeros.
    """
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
    last = tail[tail.rfind(b"\n") + 1 :]
    if not last:
        return
    written = last.rstrip(b"\0")
    if len(last) < _LONGEST_LINE and (written.startswith(line_start) or line_start.startswith(written)):
        os.ftruncate(descriptor, size - len(last))
    else:
        os.pwrite(descriptor, b"\n", size)


def pieces(path: Path) -> list[Path]:
    """The files that rotation has made of one, the oldest first, the file itself last; those that exist."""
    numbered = []
    for piece in path.parent.glob(f"{glob.escape(path.name)}.*"):
        number = piece.name[len(path.name) + 1 :]
        if number.isdecimal():
            numbered.append((int(number), piece))
    return [*(piece for _, piece in sorted(numbered, reverse=True)), *([path] if path.exists() else [])]
