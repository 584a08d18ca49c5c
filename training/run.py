"""The folder of a run: what was asked for and the table of its epochs. A kill leaves every file whole."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from training.errors import DataError
from training.recipe import Recipe

BEST, CURVE, FACTS = "best.keras", "epochs.csv", "run.json"

History = list[dict[str, float]]
"""A line an epoch, beginning with its number, counted from 1."""


def cross_entropy(line: dict[str, float]) -> float:
    """An epoch's on PublicTest."""
    # Not the accuracy: its standard error is 0.6 points, and the maximum of many epochs picks the luck.
    return line["nll"]


def best_epoch(history: History, cost: Callable[[dict[str, float]], float] = cross_entropy) -> dict[str, float]:
    """The line of the epoch to keep: the lowest cost, in thousandths; of equals the last."""
    return min(reversed(history), key=lambda line: round(cost(line), 3))


def facts_of(recipe: Recipe, training: dict[str, Any], seed: int) -> dict[str, Any]:
    """What `run.json` says. training: about the training set."""
    network = recipe.network
    return {
        "recipe": {**dataclasses.asdict(recipe), "network": str(getattr(network, "func", network).__name__)},
        "seed": seed,
        "commit": _commit(),
        "backend": keras.backend.backend(),
        "training": training,
    }


def begun_facts(run: Path) -> dict[str, Any] | None:
    """Of the run that the folder holds; None where it holds none. Raises DataError for damaged ones."""
    if not (run / CURVE).exists():
        return None
    facts = read_facts(run)
    if not {"recipe", "seed", "training"} <= facts.keys():
        raise _damaged(run / FACTS, "it does not say all that a run says")
    return facts


def read_facts(run: Path) -> dict[str, Any]:
    """Raises DataError where the file is missing or damaged."""
    try:
        facts = json.loads((run / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise _damaged(run / FACTS, err) from err
    if not isinstance(facts, dict):
        raise _damaged(run / FACTS, "it holds no object")
    return facts


def write_facts(run: Path, facts: dict[str, Any]) -> None:
    text = json.dumps(facts, indent=2) + "\n"
    replace_file(run / FACTS, lambda path: path.write_text(text, encoding="utf-8"))


def check_same(run: Path, begun: dict[str, Any], asked: dict[str, Any]) -> None:
    """Raises DataError where the folder's run is of another recipe, seed or data: it would go on as neither.

    begun, asked: the facts of that run, and of the one to be trained, in batches as large as that one's.
    """
    wanted = json.loads(json.dumps(asked))
    pairs = [("seed", begun["seed"], wanted["seed"])]
    for part in ("recipe", "training"):
        pairs += [(key, value, wanted[part].get(key)) for key, value in begun[part].items()]
    for key, before, now in pairs:
        if before != now:
            other = f"another {key} ({_short(before)}, not {_short(now)})"
            raise DataError(f"{run} holds a run with {other}: name another --run, or delete it")


def read_history(run: Path) -> History:
    """Empty where there is none yet. Raises DataError where the file is damaged."""
    path = run / CURVE
    if not path.exists():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = [{key: float(value) for key, value in line.items()} for line in csv.DictReader(file)]
        return [{**line, "epoch": int(line["epoch"])} for line in lines]
    except (ValueError, TypeError, KeyError) as err:
        raise _damaged(path, err) from err


def write_history(run: Path, history: History) -> None:
    def write(path: Path) -> None:
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, fieldnames=list(history[0]))
            table.writeheader()
            table.writerows(history)

    replace_file(run / CURVE, write)


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Replace the file in one step: a kill leaves the old one or the new one."""
    beside = path.with_name("writing_" + path.name)
    write(beside)
    os.replace(beside, path)


def _damaged(path: Path, why: object) -> DataError:
    return DataError(f"{path} is damaged ({why}): delete the folder, or name another --run")


def _commit() -> str | None:
    described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return described.stdout.strip() or None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
