"""Batches made before they are needed: beside a GPU in processes, since one Python thread alone keeps it waiting."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import cv2
import numpy as np

_PR_SET_PDEATHSIG = 1

AHEAD = 16
"""Batches that wait at most."""

Batch = tuple[np.ndarray, np.ndarray]
"""Float32 pictures of whole grey levels 0..255, and targets."""

_batches: Sequence[Batch] = ()
"""In a worker process: those of the epoch it was started for."""


def made_ahead(batches: Sequence[Batch], processes: bool) -> Iterator[Batch]:
    """All batches in order, made by threads or by processes of their own while the ones before them are used."""
    with _processes(batches) if processes else ThreadPoolExecutor() as workers:
        making: deque[Future[Batch]] = deque()
        for index in range(len(batches)):
            making.append(workers.submit(_made, index) if processes else workers.submit(batches.__getitem__, index))
            if len(making) > AHEAD:
                yield _whole(making.popleft().result())
        while making:
            yield _whole(making.popleft().result())


def _processes(batches: Sequence[Batch]) -> Executor:
    """One for each core that this process may use, less one for itself. They share its memory and never use the GPU."""
    count = max(1, len(os.sched_getaffinity(0)) - 1)
    cv2.setNumThreads(1)  # here: a forked process would wait for ever for OpenCV's threads, which it has not
    return ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _begin, (batches,))


def _begin(batches: Sequence[Batch]) -> None:
    global _batches
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # else it would outlive a training that is killed
    _batches = batches


def _made(index: int) -> Batch:
    pictures, targets = _batches[index]
    return pictures.astype(np.uint8), targets  # a quarter of the bytes between the processes


def _whole(batch: Batch) -> Batch:
    pictures, targets = batch
    return pictures.astype(np.float32, copy=False), targets
