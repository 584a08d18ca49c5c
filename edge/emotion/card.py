"""The card beside every model: what the file is, what it was made from, how good it is, how to use it.

The daemon refuses a model whose bytes, labels or crop rule are not the ones its card speaks of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from edge.emotion.crop import CROP_VERSION
from edge.emotion.labels import LABELS
from edge.errors import ModelError

Card = dict[str, Any]
"""JSON. Every card: name, sha256, licence. An emotion model's: labels, input, crop_version, temperature,
uncertain_below, base_rates, training, metrics, limits; and bias, where calibration found one."""

EMOTION_KEYS = ("labels", "input", "crop_version", "temperature", "uncertain_below", "base_rates")


def _seven(value: object, low: float, high: float) -> bool:
    """One number a label."""
    return isinstance(value, list) and len(value) == len(LABELS) and all(_is_between(one, low, high) for one in value)


def _is_between(value: object, low: float, high: float) -> bool:
    return type(value) in (int, float) and low <= value <= high  # type: ignore[operator] # a number, it is now known


_VALUES: Final[dict[str, Callable[[Any], bool]]] = {
    "temperature": lambda value: _is_between(value, 0.001, 1000),
    "uncertain_below": lambda value: _is_between(value, 0, 1),
    "bias": lambda value: _seven(value, -10, 10),
    "base_rates": lambda value: _seven(value, 1e-9, 1),
}
"""Numbers that are used without a further look."""


def card_path(model: Path) -> Path:
    return model.with_suffix(".json")


def load_verified(model: Path) -> tuple[bytes, Card]:
    """A model's bytes and its card, after checking that they belong together. Raises ModelError."""
    path = card_path(model)
    try:
        content = model.read_bytes()
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise ModelError(f"cannot read {err.filename}: {err.strerror}; install the model and its card again") from err
    except (ValueError, RecursionError) as err:
        raise ModelError(f"{path} is not JSON ({err}); install the model again") from err
    if not isinstance(card, dict) or "sha256" not in card:
        raise ModelError(f"{path} is not a model card: it has no sha256; install the model again")
    actual = hashlib.sha256(content).hexdigest()
    if actual != card["sha256"]:
        raise ModelError(
            f"{model} has checksum {actual[:12]}…, its card says {str(card['sha256'])[:12]}…: install the model again"
        )
    return content, card


def check_emotion_card(card: Card, where: Path) -> None:
    """Refuse an emotion model made for other labels or another crop, or whose card lacks a value or holds nonsense.

    Raises ModelError.
    """
    missing = [key for key in EMOTION_KEYS if key not in card]
    if missing:
        raise ModelError(f"{card_path(where)} lacks '{missing[0]}'; convert the model again")
    if card["labels"] != list(LABELS):
        raise ModelError(f"{where} answers {card['labels']}, this program expects {list(LABELS)} in this order")
    if card["crop_version"] != CROP_VERSION:
        raise ModelError(
            f"{where} was trained on crop rule {card['crop_version']}, this program cuts by rule {CROP_VERSION}: "
            "update the one that is older"
        )
    wrong = [key for key, is_right in _VALUES.items() if key in card and not is_right(card[key])]
    if wrong:
        raise ModelError(f"{card_path(where)}: {wrong[0]} has no sensible value; convert the model again")


def write_card(model: Path, card: Card) -> None:
    """Write the card beside its model, with the checksum of the model's bytes."""
    complete = {"name": model.stem, "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), **card}
    card_path(model).write_text(card_text(complete), encoding="utf-8")


def card_text(card: Card) -> str:
    """The card as its file holds it."""
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"
