"""How long both files take: measured here in turns, estimated for the boards."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Board:
    """Roofline of int8: microseconds a million multiply-accumulates, on one core and on all of them."""

    name: str
    core: str
    one_core_us: float
    all_cores_us: float


BOARDS = (
    Board("Pi Zero 2 W", "A53, 1.0 GHz", 125, 31),
    Board("Pi 3B+", "A53, 1.4 GHz", 89, 22),
    Board("Pi 4", "A72, 1.5 GHz", 83, 21),
    Board("Pi 5", "A76, 2.4 GHz", 13, 3.3),
    Board("Orin Nano", "A78AE, 1.5 GHz", 21, 3.5),
)
REACHED = (0.37, 0.49)
"""The share of the roofline that XNNPACK reached on a Pi 4."""


def measured(contents: dict[str, bytes]) -> list[dict[str, Any]]:
    """For every batch size and number of threads: median milliseconds of a whole batch by name.

    None instead of milliseconds where a file takes no such batch.
    """
    return [
        {"batch": batch, "threads": threads, "ms": _in_turns(contents, batch, threads)}
        for batch in BATCHES
        for threads in THREADS
    ]


def estimated(multiply_accumulates: int) -> list[dict[str, Any]]:
    """Milliseconds of one picture in int8 by board: the roofline, and what XNNPACK may reach of it (low, high)."""
    millions = multiply_accumulates / 1e6
    return [
        {
            "board": board.name,
            "core": board.core,
            "one_core_ms": millions * board.one_core_us / 1000,
            "all_cores_ms": millions * board.all_cores_us / 1000,
            "likely_ms": [millions * board.one_core_us / 1000 / share for share in reversed(REACHED)],
        }
        for board in BOARDS
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
