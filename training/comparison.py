"""Several models side by side: their numbers, and face by face against the first where both saw the same faces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import answers
from training.answers import Right
from training.errors import DataError
from training.evaluate import RATES
from training.metrics import mcnemar, one_sided, paired_difference, rounded
from training.reports.tables import counted, flat


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_score(value: Any) -> bool:
    """Whether it tells a share of right answers, with its interval, and the number of faces."""
    try:
        counted(flat(value))
    except (KeyError, TypeError, ValueError):
        return False
    return True


NEEDED = {"model": _is_name, "split": _is_name} | dict.fromkeys(RATES, _is_score)
"""What a report must have, and what that must be; other numbers may be missing."""


@dataclass(frozen=True)
class Contestant:
    """name: unique here. result: of `training.evaluate.measure`. right: on which faces; None if unknown."""

    name: str
    result: dict[str, Any]
    right: Right | None


def from_report(path: Path) -> Contestant:
    """A JSON report of `training evaluate`, with the table of answers where it lies beside. Raises DataError."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise DataError(f"cannot read {path} ({err}); write it with `python -m training evaluate --out`") from err
    missing = [key for key, says in NEEDED.items() if not isinstance(result, dict) or not says(result.get(key))]
    if missing:
        raise DataError(f"{path} is no report of `python -m training evaluate`: it has no '{missing[0]}'")
    beside = path.with_suffix(".answers.csv")
    right = answers.right(answers.read(beside)) if beside.exists() else None
    return Contestant(result["model"], result, right)


def told_apart(contestants: list[Contestant], given: list[str]) -> list[Contestant]:
    """The same, where two have one name called as they were given, without what all of those have in common."""
    names = [one.name for one in contestants]
    if len(set(names)) == len(names):
        return contestants
    if len(set(given)) != len(given):
        raise DataError("the same model is named twice; compare different ones")
    return [Contestant(words, one.result, one.right) for words, one in zip(given, contestants, strict=True)]


def compare(contestants: list[Contestant]) -> dict[str, Any]:
    """JSON-ready: every model's own report, and the pairs of the first with each other one."""
    first, *others = contestants
    pairs = [pair for other in others for pair in paired(first, other)]
    return {
        "against": first.name,
        "models": {one.name: one.result for one in contestants},
        "pairs": rounded(pairs),
    }


def paired(first: Contestant, other: Contestant) -> list[dict[str, Any]]:
    """The second's accuracy less the first's on each set of faces that both answered, the very same ones."""
    result = []
    for key, faces in (first.right or {}).items():
        theirs = (other.right or {}).get(key, {})
        if theirs.keys() != faces.keys():
            continue
        one = np.array(list(faces.values()))
        two = np.array([theirs[face] for face in faces])
        only_first, only_other = one_sided(one, two)
        result.append(
            {
                "model": other.name,
                "set": key[0],
                "base_rates": key[1],
                "faces": len(one),
                "difference": paired_difference(one, two),
                "mcnemar_p": mcnemar(one, two),
                "only_first_right": only_first,
                "only_this_right": only_other,
            }
        )
    return result
