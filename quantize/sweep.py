"""How many calibration faces are enough: the same network made int8 with more and more of them."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.emotion.labels import LABELS
from quantize.calibration import choose, representative
from quantize.convert import load_float32
from quantize.methods import METHODS, Judge, Source
from training.data import FaceSet

log = logging.getLogger(__name__)

SIZES = (50, 100, 200, 500, 1000, 2000)
"""Faces; a label with fewer than its seventh gives what it has."""


def sweep(run: Path, splits: dict[str, FaceSet], method: str) -> list[dict[str, Any]]:
    """For each size what int8 changes on PublicTest, where choices are made. Raises DataError for an unusable run."""
    rarest = min(int((splits["Training"].labels == label).sum()) for label in range(len(LABELS)))
    source = Source.of(load_float32(run), representative(splits["Training"], choose(splits["Training"], per_label=1)))
    judge = Judge(source.float32, splits["PublicTest"])
    result = []
    for size in SIZES:
        choices = choose(splits["Training"], per_label=min(size // len(LABELS), rarest))
        sized = replace(source, pictures=representative(splits["Training"], choices))
        result.append({"faces": len(choices), **judge.line(METHODS[method](sized).int8)})
        log.info("%d calibration faces: %.2f %% equal decisions", len(choices), 100 * result[-1]["equal_decisions"])
    return result
