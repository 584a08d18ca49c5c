"""The classes that a report tells of: those that a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quantize.charts import SIDES


@dataclass(frozen=True)
class Line:
    """recall, precision: of float32 and of int8, 0..1; the precision of a class that is never answered is None."""

    name: str
    pictures: int
    recall: tuple[float, ...]
    precision: tuple[float | None, ...]


def shown(result: dict[str, Any]) -> list[str]:
    """Their names. result: as `quantize.report.compare` gives it."""
    return [name for name in result["labels"] if result["float"]["per_class"][name]["faces"]]


def lines(result: dict[str, Any]) -> list[Line]:
    """How often each is recognised, and how often it is meant where it is answered."""
    answered = {side: np.array(result[side]["confusion"]).sum(axis=0) for side in SIDES}
    table = []
    for name in shown(result):
        one = {side: result[side]["per_class"][name] for side in SIDES}
        column = result["labels"].index(name)
        precision = tuple(one[side]["precision"] if answered[side][column] else None for side in SIDES)
        recall = tuple(one[side]["recall"] for side in SIDES)
        table.append(Line(name, one["float"]["faces"], recall, precision))
    return table
