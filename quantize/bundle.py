"""A model, its card and a golden set as one file that devices install: `python -m quantize bundle`.

The golden set's inputs are drawn, not photographed: uniform pictures, a ramp, stripes and noise.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from edge.emotion.bundle import SUFFIX, Bundle, read_bundle, write_bundle
from edge.emotion.card import load_verified
from edge.emotion.golden import write_golden
from edge.emotion.tflite import TfliteModel
from quantize.golden import drawn

MOST_INPUT_BYTES = 2 << 20
"""Of a network with large inputs, a few of the pictures say enough."""


def make_bundle(model: Path, version: str, boards: tuple[str, ...], needs_version: str) -> Bundle:
    """Raises ModelError where the model and its card do not belong together, or a value is not allowed."""
    content, card = load_verified(model)
    network = TfliteModel(content, str(model))
    golden = write_golden(network, golden_inputs(network))
    return Bundle(version, card, content, golden, boards, needs_version)


def golden_inputs(network: TfliteModel) -> dict[str, np.ndarray]:
    """By name, in the network's own shape and type."""
    quantization = network.input_quantization()
    pictures = {name: picture.astype(np.float32) for name, picture in drawn(network).items()}
    if quantization.scale:
        inputs = {name: quantization.quantize(picture) for name, picture in pictures.items()}
    else:
        inputs = {name: picture / np.float32(127.5) - np.float32(1) for name, picture in pictures.items()}
    every = math.ceil(sum(value.nbytes for value in inputs.values()) / MOST_INPUT_BYTES)
    return dict(list(inputs.items())[::every])


def write(bundle: Bundle, folder: Path) -> Path:
    """Where it was written to, after reading it as a device will."""
    content = write_bundle(bundle)
    read_bundle(content)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{bundle.name}-{bundle.version}{SUFFIX}"
    path.write_bytes(content)
    return path
