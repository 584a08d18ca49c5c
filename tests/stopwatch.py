"""Measures calls that must not hold the loop up, on machines that are busy with something else."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from array import array
from collections.abc import Callable


class Stopwatch:
    """The seconds of each call: computing and waiting for others, without waiting for a processor.

    To be made and used in one thread. Where the kernel does not tell how long a thread was ready but had to wait
    (`schedstat`), that time stays in. What other programs do for a call, such as an X server, counts as waiting.
    """

    def __init__(self) -> None:
        self.spent_s = array("f")  # a list of floats would be what grows in a run of hours
        self._schedstat = -1
        with contextlib.suppress(OSError):
            self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)

    def __del__(self) -> None:
        if self._schedstat >= 0:
            os.close(self._schedstat)

    def time(self, call: Callable[[], object]) -> None:
        queued, started = self._queued_s(), time.perf_counter()
        call()
        spent = time.perf_counter() - started
        self.spent_s.append(max(0.0, spent - (self._queued_s() - queued)))

    @property
    def typical_s(self) -> float:
        """A call that waits for the other side does so each time: the median tells, and forgives what else is on."""
        return statistics.median(self.spent_s)

    def _queued_s(self) -> float:
        """So long this thread has been ready to run while another had the processor."""
        return int(os.pread(self._schedstat, 100, 0).split()[1]) / 1e9 if self._schedstat >= 0 else 0.0
