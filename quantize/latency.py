"""How long both files take, measured here in turns."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from typing import Any

import numpy as np

from edge.emotion.tflite import TfliteModel
from edge.errors import ModelError

BATCHES = (1, 2, 4)
THREADS = (1, 2)
ROUNDS = 300
LONGEST_S = 4.0
"""A setting ends after ROUNDS or this time, whichever comes first."""


def measured(contents: dict[str, bytes]) -> list[dict[str, Any]]:
    """For every batch size and number of threads: median milliseconds of a whole batch by name.

    None instead of milliseconds where a file takes no such batch.
    """
    return [
        {"batch": batch, "threads": threads, "ms": _in_turns(contents, batch, threads)}
        for batch in BATCHES
        for threads in THREADS
    ]


def machine() -> dict[str, Any]:
    """What the measured times are of."""
    return {"processor": platform.machine(), "cores": os.cpu_count(), "litert": version("ai-edge-litert")}


def _in_turns(contents: dict[str, bytes], batch: int, threads: int) -> dict[str, float] | None:
    """The files take turns, so that a busy machine slows both."""
    try:
        networks = {name: TfliteModel(content, name, threads, batch) for name, content in contents.items()}
        pictures = {name: _noise(network) for name, network in networks.items()}
        for name, network in networks.items():
            network.run(pictures[name])  # the first pass packs the weights
    except (ModelError, RuntimeError, ValueError):
        return None
    taken: dict[str, list[float]] = {name: [] for name in contents}
    end = time.perf_counter() + LONGEST_S
    for _ in range(ROUNDS):
        for name, network in networks.items():
            start = time.perf_counter()
            network.run(pictures[name])
            taken[name].append(time.perf_counter() - start)
        if time.perf_counter() > end:
            break
    return {name: 1000 * float(np.median(seconds)) for name, seconds in taken.items()}


def _noise(network: TfliteModel) -> np.ndarray:
    """A batch of pictures in the file's numbers."""
    noise = np.random.default_rng(0).integers(0, 256, network.input_shape).astype(np.float32)
    return network.input_quantization().quantize(noise)
