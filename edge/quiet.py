"""The three standard streams: never closed, and mute where native libraries write lines that nobody can forbid."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Final

_STANDARD_ERROR: Final = 2


def keep_standard_streams() -> None:
    """What was closed before the start leads nowhere: or a file that is opened next would get its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(_STANDARD_ERROR, "w", closefd=False)  # noqa: SIM115 for as long as we run


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """File descriptor 2 leads nowhere inside. Not for use beside threads that have something to say."""
    saved = os.dup(_STANDARD_ERROR)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STANDARD_ERROR)
        yield
    finally:
        os.dup2(saved, _STANDARD_ERROR)
        os.close(saved)
