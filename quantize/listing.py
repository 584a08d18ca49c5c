"""The table in `models/README.md`: every shipped model's origin, licence and checksum, read from the cards."""

from __future__ import annotations

import json
from pathlib import Path

from edge.emotion.card import card_path
from training.data import DataError
from training.evaluation_report import markdown

README = "README.md"
BEGIN, END = "<!-- made by `python -m quantize list` -->", "<!-- end of the table -->"


def refresh(models: Path) -> None:
    """Write the table anew between its two markers in `models/README.md`. Raises DataError where they are missing."""
    path = models / README
    try:
        text = path.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
    except (OSError, ValueError) as err:
        raise DataError(f"{path} must hold the lines '{BEGIN}' and '{END}'") from err
    path.write_text(f"{before}{BEGIN}\n{table(models)}{END}{after}", encoding="utf-8")


def table(models: Path) -> str:
    """One line a .tflite file of the folder. Raises DataError for a model without a card."""
    lines = []
    for model in sorted(models.glob("*.tflite")):
        try:
            card = json.loads(card_path(model).read_text(encoding="utf-8"))
            lines.append(
                (
                    f"`{model.name}`, {model.stat().st_size / 1000:.0f} KB",
                    "; ".join(f"{key}: {value}" for key, value in card["origin"].items() if key != "sha256"),
                    card["licence"],
                    f"`{card['sha256']}`",
                )
            )
        except (OSError, ValueError, KeyError, AttributeError) as err:
            raise DataError(f"{model} has no usable card ({err})") from err
    header = ("file", "origin", "licence", "SHA-256")
    return "\n" + markdown(header, lines).replace("---:", "---") + "\n" if lines else "\n"
