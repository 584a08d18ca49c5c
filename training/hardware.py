"""More than one GPU, where there is more than one."""

from __future__ import annotations

import keras


def share_among_devices(kind: str = "gpu") -> int:
    """Let every device of this kind take its part of each batch, with the same weights on all. Returns their number.

    On JAX, the backend for which Keras does that. Must be called before a network is made.
    """
    if keras.backend.backend() != "jax":
        return 1
    devices = keras.distribution.list_devices(kind)
    if len(devices) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return max(1, len(devices))


def has_accelerator() -> bool:
    """A GPU or TPU, whose memory may be shorter than a recipe's batch."""
    if keras.backend.backend() == "torch":
        return False  # the twin runs on the CPU
    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())
