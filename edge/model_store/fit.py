"""Whether a bundle is for this device and this program."""

from __future__ import annotations

import platform
from pathlib import Path

from edge import __version__, board
from edge.detectors import DETECTORS
from edge.emotion.bundle import Bundle
from edge.emotion.card import Card, check_emotion_card, load_verified
from edge.errors import ModelError


def check_fit(bundle: Bundle, current: Path | None) -> None:
    """current: the model of this name that runs now, if any. Raises ModelError naming what does not fit."""
    if _numbers(bundle.needs_version) > _numbers(__version__):
        raise ModelError(
            f"it needs emotion-edge {bundle.needs_version}, this is {__version__}; update the program first"
        )
    _check_board(bundle.boards)
    kind = _kind(bundle.card)
    if kind == "emotion":
        check_emotion_card(bundle.card, Path(f"{bundle.name}.tflite"))
    elif kind not in DETECTORS:
        raise ModelError(f"its kind {kind!r} is neither an emotion model nor a face detector known here")
    if current is not None:
        before = _kind(load_verified(current)[1])
        if ("emotion" in (before, kind)) and before != kind:
            raise ModelError(f"'{bundle.name}' is a model of kind {before} here, and this one is of kind {kind}")


def section(bundle: Bundle) -> str:
    """Of the configuration, that names a model of this kind."""
    return "emotion" if _kind(bundle.card) == "emotion" else "face"


def _check_board(boards: tuple[str, ...]) -> None:
    name, machine = board.name(), platform.machine()
    if not boards or any(machine == wanted or (name and name.startswith(wanted)) for wanted in boards):
        return
    here = f"{name} ({machine})" if name else machine
    raise ModelError(f"it is for {', '.join(boards)}, and this is {here}")


def _kind(card: Card) -> str:
    return "emotion" if "labels" in card else str(card.get("kind"))


def _numbers(version: str) -> list[int]:
    """Of a version such as 1.2.0, which is 1.2 as well; what stands behind the numbers does not count."""
    numbers = [int(part) for part in version.split(".") if part.isdigit()]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers
