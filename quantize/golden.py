"""What every shipped model answers to a few fixed pictures, to the bit: the same on every processor.

Models that answer in real numbers are left out: those may differ in the last bits.

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

from edge.emotion.card import load_verified
from edge.emotion.crop import face_input
from edge.emotion.tflite import TfliteModel

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
GOLDEN = ROOT / "tests" / "golden"
PORTRAIT = ROOT / "edge" / "assets" / "portrait.jpg"

PORTRAIT_POINTS = np.array([[205.0, 102.4], [246.8, 105.0], [224.3, 127.9], [223.3, 147.4]], dtype=np.float32)
"""Eyes, nose and mouth in the portrait, as the face detector saw them once."""

RANDOM_PICTURES = 12
FEW = 16
"""So many numbers are written down; of more, their checksum."""


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


def drawn(network: TfliteModel) -> dict[str, np.ndarray]:
    """The drawn pictures for a network, (1, H, W, planes) uint8: grey ones, in colour the same in each plane."""
    _, height, width, planes = network.input_shape
    return {
        name: np.repeat(picture[None, :height, :width, None], planes, axis=3)
        for name, picture in drawn_pictures(max(height, width)).items()
    }


def pictures(network: TfliteModel, *, names_emotions: bool) -> dict[str, np.ndarray]:
    """The drawn pictures, and the portrait or, for an emotion model, the face in it."""
    _, height, width, planes = network.input_shape
    portrait = cv2.imread(str(PORTRAIT))
    if names_emotions:
        shown = face_input(portrait, PORTRAIT_POINTS, height)
    else:
        small = cv2.resize(portrait, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
        shown = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if planes == 1 else small
    return {**drawn(network), "portrait": shown.reshape(1, height, width, planes)}


def answers(model: Path) -> dict[str, Any]:
    """The checksums of the model and of each picture, and the model's own integers for each."""
    content, card = load_verified(model)
    network = TfliteModel(content, str(model))
    quantization = network.input_quantization()
    lines = {}
    for name, picture in pictures(network, names_emotions="labels" in card).items():
        found = [_written(output) for output in network.run(quantization.quantize(picture.astype(np.float32)))]
        lines[name] = {"picture": _checksum(picture), "answer": found[0] if len(found) == 1 else found}
    return {"sha256": card["sha256"], "answers": lines}


def _written(output: np.ndarray) -> list[int] | str:
    return output[0].tolist() if output.size <= FEW else _checksum(output)


def _checksum(numbers: np.ndarray) -> str:
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]


def integer_models(folder: Path = MODELS) -> list[Path]:
    """The models that take and give integers."""
    return [path for path in sorted(folder.glob("*.tflite")) if _is_integer(path)]


def _is_integer(model: Path) -> bool:
    network = TfliteModel(model.read_bytes(), str(model))
    return all(np.issubdtype(tensor["dtype"], np.integer) for tensor in (*network.inputs, *network.outputs))


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
    models = integer_models()
    found = [line for model in models for line in differences(model)]
    for line in found:
        sys.stdout.write(f"{line}\n")
    if not found:
        count = sum(len(answers(model)["answers"]) for model in models)
        sys.stdout.write(f"{count} answers of {', '.join(model.stem for model in models)}: every bit equal\n")
    return 1 if found or not models else 0


if __name__ == "__main__":
    sys.exit(main())
