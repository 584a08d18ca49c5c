"""More than one GPU, where there is more than one."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

DIVISIBLE_BY = 64
"""Pictures go through the network in multiples of it: each device must get as many as the others."""


def share_among_devices(kind: str = "gpu") -> int:
    """Let every device of this kind take its part of each batch, with the same weights on all. Returns how many do.

    On JAX, the backend for which Keras does that. Must be called before a network is made. Batches are powers of two,
    so of six devices four take part.
    """
    if keras.backend.backend() != "jax":
        return 1
    devices = keras.distribution.list_devices(kind)
    sharing = min(DIVISIBLE_BY, 1 << (len(devices).bit_length() - 1)) if devices else 1
    if sharing > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices[:sharing]))
    return sharing


def divisible(faces: np.ndarray) -> np.ndarray:
    """(N, S, S, 1) with black pictures after them, up to a number that the devices can share."""
    return np.pad(faces, [(0, -len(faces) % DIVISIBLE_BY), (0, 0), (0, 0), (0, 0)])


def has_fast_bfloat16() -> bool:
    """A GPU, or a processor with instructions for it: there a step in it takes less than half the time."""
    cpu = Path("/proc/cpuinfo")
    return has_accelerator() or (cpu.exists() and bool({"avx512_bf16", "amx_bf16"} & set(cpu.read_text().split())))


def has_accelerator() -> bool:
    """A GPU or TPU, whose memory may be shorter than a recipe's batch."""
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.is_available()
    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())
