"""Whole lines to standard output, a file or a named pipe, without a buffer that could be lost."""

from __future__ import annotations

import os
import select
import stat
import sys

from edge.control import Control
from edge.errors import SinkError

# A pipe that `select` calls writable takes this much without blocking (PIPE_BUF on Linux).
_CHUNK_BYTES = 4096


class LineStream:
    """A file descriptor that lines are written to.

    A reader slower than we are holds the loop up: lines are data, and none is dropped. The wait ends when we are asked
    to stop. A reader of standard output that goes away (`| head`) asks us to stop.
    """

    def __init__(self, descriptor: int, path: str, control: Control) -> None:
        """path: '-' where the descriptor is standard output; any other is closed by `close`."""
        self._descriptor = descriptor
        self._path = path
        self._control = control

    def write(self, text: str) -> None:
        """text: whole lines. Raises SinkError when the disk is full, or a named pipe's reader has gone."""
        rest = memoryview(text.encode(errors="replace"))
        try:
            while rest:
                if select.select((), (self._descriptor,), (), 0.1)[1]:
                    rest = rest[os.write(self._descriptor, rest[:_CHUNK_BYTES]) :]
                elif self._control.stop.is_set():
                    return
        except BrokenPipeError as err:
            if self._path != "-":
                raise SinkError(f"{self._path}: the reader has gone") from err
            self._control.stop.set()
        except OSError as err:
            raise SinkError(f"{self._path}: cannot be written: {err.strerror}") from err

    def close(self) -> None:
        if self._path != "-":
            os.close(self._descriptor)


def open_stream(path: str, control: Control) -> LineStream:
    """path: '-' for standard output, a file to append to, or a named pipe that somebody reads. Raises SinkError."""
    if path == "-":
        try:
            return LineStream(sys.stdout.fileno(), path, control)
        except (AttributeError, OSError, ValueError) as err:
            raise SinkError("standard output is closed") from err
    try:
        # O_NONBLOCK: do not wait for the reader of a named pipe. It has no effect on a file.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o644)
    except OSError as err:
        raise SinkError(f"{path}: cannot be written: {err.strerror}") from err
    stream = LineStream(descriptor, path, control)
    if stat.S_ISREG(os.fstat(descriptor).st_mode) and not _ends_with_line(path):
        stream.write("\n")
    return stream


def _ends_with_line(path: str) -> bool:
    """False where a power cut or a full disk has left half a line."""
    with open(path, "rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
