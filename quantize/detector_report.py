"""The report beside a face detector: float against int8, and other detectors on the same pictures."""

from __future__ import annotations

from pathlib import Path

from edge.emotion.card import Card
from training.reports.tables import markdown

WORDS = {
    "average_precision": "average precision",
    "false_boxes_per_picture": "false boxes a picture",
    "point_error": "key points off by, in face sizes (median)",
}


def text(stem: str, card: Card, beside: str | None) -> str:
    """Markdown. beside: the tables of `quantize.compare_detectors`, where they were asked for."""
    int8, float32 = (card["metrics"]["kept_aside"][kind] for kind in ("int8", "float32"))
    rows = [
        (_words(key), f"{float32[key]:.3f}", f"{int8[key]:.3f}", f"{int8[key] - float32[key]:+.3f}") for key in int8
    ]
    size, pictures = card["input"], card["metrics"]["kept_aside_pictures"]
    parts = [
        f"# {stem}: a face detector for {size['width']}x{size['height']} {size['colour']} pixels",
        f"{card['parameters']:,} parameters, {card['multiply_accumulates'] / 1e6:.0f} million multiply-accumulates"
        f"{_course(card)}.",
        f"## Float against int8\n\nAt a score of {card['min_score']}, {pictures} annotated photographs; sizes are the "
        "root of the box's area in pictures of 448 pixels.",
        markdown(("", "float32", "int8", "difference"), rows).strip(),
    ]
    if beside:
        parts += ["## Side by side\n\nWIDER FACE pictures, longer side 416 pixels.", beside.strip()]
    return "\n\n".join(parts) + "\n"


def _course(card: Card) -> str:
    training = card.get("training")
    if not training:
        return ""
    return f"; trained {training['epochs']} epochs, the best is number {training['best_epoch']}"


def write(model: Path, card: Card, beside: str | None) -> Path:
    path = model.with_suffix(".report.md")
    path.write_text(text(model.stem, card, beside), encoding="utf-8")
    return path


def _words(key: str) -> str:
    return WORDS.get(key, key.replace("recall_from_", "found from ").replace("recall_", "found ").replace("_", " "))
