"""What every shipped emotion model answers to a few fixed pictures, to the bit: the same on every processor.

`python -m quantize golden` writes `tests/golden/<model>.answers.json` anew; `python -m quantize.golden` compares.
Needs nothing but what the device needs, so that it also runs there.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.emotion.card import card_path, load_verified
from edge.emotion.crop import face_input
from edge.emotion.tflite import TfliteModel

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
GOLDEN = ROOT / "tests" / "golden"
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"

PORTRAIT_POINTS = np.array([[205.0, 102.4], [246.8, 105.0], [224.3, 127.9], [223.3, 147.4]], dtype=np.float32)
"""Eyes, nose and mouth in the portrait, as the face detector saw them once."""

RANDOM_PICTURES = 12


def drawn_pictures(side: int) -> dict[str, np.ndarray]:
    """Name to (side, side) uint8: uniform, a ramp, stripes and noise by seed.

    RandomState, not the newer Generator: NumPy promises its numbers for ever.
    """
    random = np.random.RandomState(20)
    ramp = np.arange(side * side).reshape(side, side) * 255 // (side * side - 1)
    result = {
        "black": np.zeros((side, side)),
        "white": np.full((side, side), 255),
        "ramp": ramp,
        "stripes": np.indices((side, side))[1] // 4 % 2 * 255,
    }
    for number in range(RANDOM_PICTURES):
        # Blocks of growing size: fine noise alone would leave most of the network's channels at rest.
        block = 2 ** (number % 4)
        small = random.randint(0, 256, (-(-side // block), -(-side // block)))
        result[f"noise {number}"] = np.kron(small, np.ones((block, block)))[:side, :side]
    return {name: np.asarray(picture, dtype=np.uint8) for name, picture in result.items()}


def pictures(side: int) -> dict[str, np.ndarray]:
    """The drawn pictures, and the face of the portrait."""
    portrait = face_input(cv2.imread(str(PORTRAIT)), PORTRAIT_POINTS, side)
    return {**drawn_pictures(side), "portrait": portrait}


def answers(model: Path) -> dict[str, Any]:
    """The checksums of the model and of each picture, and the model's own integers for each."""
    content, card = load_verified(model)
    network = TfliteModel(content, str(model))
    shape, quantization = network.input_shape, network.input_quantization()
    lines = {}
    for name, picture in pictures(shape[1]).items():
        (output,) = network.run(quantization.quantize(picture.reshape(shape).astype(np.float32)))
        lines[name] = {"picture": hashlib.sha256(picture.tobytes()).hexdigest()[:16], "answer": output[0].tolist()}
    return {"sha256": card["sha256"], "answers": lines}


def emotion_models(folder: Path = MODELS) -> list[Path]:
    """The models whose card names labels."""
    found = sorted(folder.glob("*.tflite"))
    return [path for path in found if "labels" in json.loads(card_path(path).read_text(encoding="utf-8"))]


def golden_file(model: Path) -> Path:
    return GOLDEN / f"{model.stem}.answers.json"


def write(model: Path) -> Path:
    """Write the model's golden file anew; returns its path."""
    result = answers(model)
    lines = [f"    {json.dumps(name)}: {json.dumps(line)}" for name, line in result["answers"].items()]
    text = f'{{\n  "sha256": "{result["sha256"]}",\n  "answers": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    golden_file(model).write_text(text, encoding="utf-8")
    return golden_file(model)


def differences(model: Path) -> list[str]:
    """One line for everything that is not as the golden file says; none where all bits are equal."""
    path = golden_file(model)
    if not path.is_file():
        return [f"{path} is missing: python -m quantize golden"]
    golden, now = json.loads(path.read_text(encoding="utf-8")), answers(model)
    if golden["sha256"] != now["sha256"]:
        return [f"{path} is of another {model.name}: python -m quantize golden"]
    result = []
    for name in {**golden["answers"], **now["answers"]}:
        expected, found = golden["answers"].get(name), now["answers"].get(name)
        if expected is None or found is None:
            result.append(f"{model.stem}, {name}: only in {'the golden file' if found is None else 'the program'}")
        elif expected["picture"] != found["picture"]:
            result.append(f"{model.stem}, {name}: another picture")
        elif expected["answer"] != found["answer"]:
            result.append(f"{model.stem}, {name}: {found['answer']} instead of {expected['answer']}")
    return result


def main() -> int:
    """Print what differs, or how much is equal; exit 1 where something differs."""
    models = emotion_models()
    found = [line for model in models for line in differences(model)]
    for line in found:
        sys.stdout.write(f"{line}\n")
    if not found:
        count = sum(len(answers(model)["answers"]) for model in models)
        sys.stdout.write(f"{count} answers of {', '.join(model.stem for model in models)}: every bit equal\n")
    return 1 if found or not models else 0


if __name__ == "__main__":
    sys.exit(main())
