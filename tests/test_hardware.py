"""Several devices share each batch, on JAX: two made of one CPU, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

pytest.importorskip("keras", reason="training needs the training extra: pip install -e .[training]")

TRAINS = """
from training.hardware import share_among_devices
print("devices", share_among_devices("cpu"))
import keras, numpy as np
from training.learner import make_learner
from training.recipe import load_recipe
keras.utils.set_random_seed(1)
learner, random = make_learner(load_recipe("smoke"), steps=2), np.random.default_rng(0)
faces = random.uniform(0, 255, (16, 48, 48, 1)).astype("float32")
print("losses", *(learner.step(faces, np.eye(7, dtype="float32")[np.arange(16) % 7]) for _ in range(2)))
print("answers", *learner.logits(faces[:11]).shape)
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is optional: pip install -e .[jax]")
def test_two_devices_learn_what_one_learns() -> None:
    one, two = (learnt(devices) for devices in (1, 2))
    assert (one[0], two[0]) == ("devices 1", "devices 2")
    assert one[2] == two[2] == "answers 11 7"
    assert numbers(two[1]) == pytest.approx(numbers(one[1]), rel=1e-3)


def learnt(devices: int) -> list[str]:
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    done = subprocess.run([sys.executable, "-c", TRAINS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def numbers(line: str) -> list[float]:
    return [float(word) for word in line.split()[1:]]
