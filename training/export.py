"""A trained network for other programs: as a Keras file, as plain arrays, or as a .tflite file in float32."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from training.distil import trained_network
from training.errors import DataError

SUFFIXES = (".keras", ".npz", ".tflite")


def export(name: str, out: Path) -> None:
    """Write the network that `name` stands for (`training.distil.trained_network`) in the format of the file's suffix.

    It takes (N, S, S, 1) pixels 0..255 and answers (N, 7) logits in the order of `edge.emotion.labels`. In `.npz` an
    array is called <layer>/<variable>. `.tflite` needs Keras's TensorFlow backend; for int8 and a card there is
    `python -m quantize convert`. Raises DataError.
    """
    if out.suffix not in SUFFIXES:
        raise DataError(f"{out}: unknown format; name the file *{', *'.join(SUFFIXES)}")
    trained = trained_network(name)
    # Whatever arithmetic it was trained in.
    model = keras.models.clone_model(trained, clone_function=_in_float32)
    model.set_weights(trained.get_weights())
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".keras":
        model.save(out)
    elif out.suffix == ".npz":
        arrays = {f"{layer.name}/{one.name}": one.numpy() for layer in model.layers for one in layer.weights}
        np.savez(out, **arrays)
    else:
        model.export(out, format="litert", verbose=False)


def _in_float32(layer: keras.Layer) -> keras.Layer:
    return type(layer).from_config({**layer.get_config(), "dtype": "float32"})
