"""How long a network of so many multiply-accumulates takes on the boards: estimated, not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Board:
    """Roofline of int8: microseconds a million multiply-accumulates, on one core and on all of them."""

    name: str
    core: str
    one_core_us: float
    all_cores_us: float


BOARDS: Final = (
    Board("Pi Zero 2 W", "A53, 1.0 GHz", 125, 31),
    Board("Pi 3B+", "A53, 1.4 GHz", 89, 22),
    Board("Pi 4", "A72, 1.5 GHz", 83, 21),
    Board("Pi 5", "A76, 2.4 GHz", 13, 3.3),
    Board("Orin Nano", "A78AE, 1.5 GHz", 21, 3.5),
)
REACHED: Final = (0.37, 0.49)
"""The share of the roofline that XNNPACK reached on a Pi 4."""


def estimated(multiply_accumulates: int) -> list[dict[str, Any]]:
    """Milliseconds of one pass in int8 by board: the roofline, and what XNNPACK may reach of it (low, high)."""
    millions = multiply_accumulates / 1e6
    return [
        {
            "board": board.name,
            "core": board.core,
            "one_core_ms": millions * board.one_core_us / 1000,
            "all_cores_ms": millions * board.all_cores_us / 1000,
            "likely_ms": [millions * board.one_core_us / 1000 / share for share in reversed(REACHED)],
        }
        for board in BOARDS
    ]
