"""Whole lines to a file descriptor, without a buffer that could be lost."""

from __future__ import annotations

import os
import select
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


def standard_output(control: Control) -> LineStream:
    """Raises SinkError where it is closed."""
    try:
        return LineStream(sys.stdout.fileno(), "-", control)
    except (AttributeError, OSError, ValueError) as err:
        raise SinkError("standard output is closed") from err
