"""The measurements of one model as a table: on the terminal, and as Markdown beside its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.emotion.labels import LABELS

Row = tuple[str, str, str]
HEADER: Row = ("", "everyday base rates", "balanced base rates")


def rows(result: dict[str, Any]) -> list[Row]:
    """What `training.evaluate.measure` found, a line a number."""
    both = (result["everyday"], result["balanced"])
    table: list[Row] = [
        ("accuracy (95 % interval)", *(interval(one["accuracy"]) for one in both)),
        ("macro-F1", *(f"{one['macro_f1']:.3f}" for one in both)),
        ("calibration error to the majority", *(f"{one['calibration_error']:.3f}" for one in both)),
        ("calibration error to the votes", *(f"{one['calibration_error_to_votes']:.3f}" for one in both)),
        ("neutral called sad", *(percent(one["neutral_called_sad"]) for one in both)),
        *((f"recall: {label}", *(percent(one["per_class"][label]["recall"]) for one in both)) for label in LABELS),
        ("accuracy without twins in Training", interval(result["without_twins"]), ""),
        ("FER+ authors' protocol, 8 classes", interval(result["authors_majority"]["accuracy"]), ""),
    ]
    if "ck" in result:
        ck = result["ck"]
        table.append(("CK+", interval(ck["everyday"]["accuracy"]), interval(ck["balanced"]["accuracy"])))
        table.append(("CK+, neutral ruled out", "", interval(ck["balanced_without_neutral"]["accuracy"])))
    if "corruptions" in result:
        spoilt = result["corruptions"]
        table.append(("mean accuracy over 14 corruptions", percent(spoilt["mean_accuracy"]), ""))
        table.extend((f"corrupted: {name}", percent(share), "") for name, share in spoilt["accuracy"].items())
    return table


def show(result: dict[str, Any], title: str) -> None:
    """Print the table to standard output."""
    table = Table(*HEADER, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows(result):
        table.add_row(*row)
    Console().print(table)


def write(result: dict[str, Any], title: str, folder: Path, stem: str) -> None:
    """Write `<stem>.json` and `<stem>.md` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / f"{stem}.md").write_text(f"# {title}\n\n{markdown(HEADER, rows(result))}", encoding="utf-8")


def markdown(header: tuple[str, ...], lines: list[Any]) -> str:
    """A Markdown table; all columns but the first are numbers, set to the right."""
    ruler = ("---", *("---:" for _ in header[1:]))
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, ruler, *lines))


def interval(share: dict[str, float]) -> str:
    """87.1 % (85.9–88.2)"""
    return f"{percent(share['value'])} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"
