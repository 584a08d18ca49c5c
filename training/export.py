"""A trained network for other programs: as a Keras file, as plain arrays, or as a .tflite file in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.distil import trained_network
from training.errors import DataError
from training.networks import in_float32

SUFFIXES = (".keras", ".npz", ".tflite")


def export(name: str, out: Path) -> None:
    """Write the network that `name` stands for (`training.distil.trained_network`) in the format of the file's suffix.

    It takes (N, S, S, 1) pixels 0..255 and answers (N, 7) logits in the order of `edge.emotion.labels`. In `.npz` an
    array is called <layer>/<variable>. `.tflite` needs Keras's TensorFlow backend; for int8 and a card there is
    `python -m quantize convert`. Raises DataError.
    """
    if out.suffix not in SUFFIXES:
        raise DataError(f"{out}: unknown format; name the file *{', *'.join(SUFFIXES)}")
    model = in_float32(trained_network(name))
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".keras":
        model.save(out)
    elif out.suffix == ".npz":
        arrays = {f"{layer.name}/{one.name}": one.numpy() for layer in model.layers for one in layer.weights}
        np.savez(out, **arrays)
    else:
        model.export(out, format="litert", verbose=False)
