"""Whole lines to a file descriptor, without a buffer that could be lost."""

from __future__ import annotations

import ctypes
import logging
import os
import select
import sys

from edge.control import Control
from edge.errors import SinkError

log = logging.getLogger(__name__)

# A pipe that `select` calls writable takes this much without blocking (PIPE_BUF on Linux).
_CHUNK_BYTES = 4096

_STANDARD_ERROR = 2

_WAIT_S = 0.1
"""Between two looks whether we are to stop."""


class LineStream:
    """A file descriptor that lines are written to.

    A reader slower than we are holds the loop up where we are patient, until we are asked to stop: of a recording no
    line is dropped. A live camera does not wait: then what the reader has no room for is dropped, whole lines, and
    counted. A reader of standard output that goes away (`| head`) asks us to stop.
    """

    def __init__(self, descriptor: int, path: str, control: Control, *, patient: bool = True) -> None:
        """path: '-' where the descriptor is standard output; any other is closed by `close`."""
        self._descriptor = descriptor
        self._path = path
        self._control = control
        self._wait_s = _WAIT_S if patient else 0.0
        self._rest = b""
        """Of what was begun: its reader must get it before anything else."""
        self._dropped = 0

    def write(self, text: str) -> None:
        """text: whole lines. Raises SinkError when the disk is full, or a named pipe's reader has gone."""
        if not self._sent_rest():
            self._drop()
            return
        self._rest = text.encode(errors="replace")
        if self._sent_rest() and self._dropped:
            log.info("%s: read again; %d results were dropped", self._path, self._dropped)
            self._dropped = 0

    def _drop(self) -> None:
        if not self._dropped:
            log.warning("%s: its reader is too slow for a live camera; results are dropped", self._path)
        self._dropped += 1

    def _sent_rest(self) -> bool:
        try:
            while self._rest:
                if select.select((), (self._descriptor,), (), self._wait_s)[1]:
                    self._rest = self._rest[os.write(self._descriptor, self._rest[:_CHUNK_BYTES]) :]
                elif self._control.stop.is_set() or not self._wait_s:
                    return False
        except BrokenPipeError as err:
            self._rest = b""
            if self._path != "-":
                raise SinkError(f"{self._path}: the reader has gone") from err
            self._control.stop.set()
        except OSError as err:
            self._rest = b""
            raise SinkError(f"{self._path}: cannot be written: {err.strerror}") from err
        return True

    def close(self) -> None:
        if self._path != "-":
            os.close(self._descriptor)


class LinesOnly(LineStream):
    """Standard output for our lines alone: what libraries print meanwhile goes to standard error."""

    def __init__(self, control: Control, *, patient: bool = True) -> None:
        """Raises SinkError where standard output is closed."""
        self._shared = _standard_output()
        super().__init__(os.dup(self._shared), "-", control, patient=patient)
        os.dup2(_STANDARD_ERROR, self._shared)

    def close(self) -> None:
        """Standard output is everybody's again. Once only."""
        libc = ctypes.CDLL(None)
        libc.fflush(ctypes.c_void_p.in_dll(libc, "stdout"))  # C keeps what it prints back, up to its own end
        os.dup2(self._descriptor, self._shared)
        os.close(self._descriptor)


def standard_output(control: Control, *, patient: bool = True) -> LineStream:
    """Shared with whoever prints. Raises SinkError where it is closed."""
    return LineStream(_standard_output(), "-", control, patient=patient)


def _standard_output() -> int:
    try:
        sys.stdout.flush()
        return sys.stdout.fileno()
    except (AttributeError, OSError, ValueError) as err:
        raise SinkError("standard output is closed") from err
