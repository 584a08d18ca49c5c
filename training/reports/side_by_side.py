"""What `compare` found: a table, a figure, Markdown and a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from training.reports import page
from training.reports.style import DPI, INK, SERIES, SOFT, at_right, drawing, legend_below, percent_axis, rows, whisker
from training.reports.tables import Row, flat, interval, markdown, percent, percent_or_dash, rich_table

PAIR_HEADER: Row = ("", "faces", "change, points (95 % interval)", "only the first right", "only this right", "p")

Cell = Callable[[dict[str, Any]], str]
LINES: dict[str, Cell] = {
    "measured on": lambda r: f"{r['everyday']['faces']:,} faces, {r['split']}",
    "accuracy, everyday": lambda r: interval(r["everyday"]["accuracy"]),
    "accuracy, balanced": lambda r: interval(r["balanced"]["accuracy"]),
    "macro-F1": lambda r: f"{r['everyday']['macro_f1']:.3f}",
    "calibration error": lambda r: f"{r['everyday']['calibration_error']:.3f}",
    "neutral called sad": lambda r: percent_or_dash(r["everyday"]["neutral_called_sad"]),
    "without tied faces": lambda r: interval(r["without_ties"]),
    "without twins of Training": lambda r: interval(r["without_twins"]),
    "FER+ authors' rule, 8 classes": lambda r: interval(r["authors_majority"]["accuracy"]),
    "FER2013's own labels": lambda r: interval(r["fer2013_labels"]["accuracy"]),
    "CK+, everyday": lambda r: interval(r["ck"]["everyday"]["accuracy"]),
    "CK+, balanced": lambda r: interval(r["ck"]["balanced"]["accuracy"]),
    "mean of the corruptions": lambda r: percent(r["corruptions"]["mean_accuracy"]),
    "size": lambda r: f"{r['size_bytes'] / 1000:.0f} KB",
}
"""A line of the table, and where its number stands in a report; a report that has none gets a dash."""

SHARES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "majority, everyday": lambda r: flat(r["everyday"]),
    "majority, balanced": lambda r: flat(r["balanced"]),
    "FER+ authors' rule": lambda r: flat(r["authors_majority"]),
    "FER2013's own labels": lambda r: flat(r["fer2013_labels"]),
    "CK+, everyday": lambda r: flat(r["ck"]["everyday"]),
    "CK+, balanced": lambda r: flat(r["ck"]["balanced"]),
}


def numbers(compared: dict[str, Any]) -> list[Row]:
    """A line a number, a column a model; lines that no model has are left out."""
    results = list(compared["models"].values())
    lines = [(name, *(_or_dash(cell, result) for result in results)) for name, cell in LINES.items()]
    return [line for line in lines if set(line[1:]) != {"–"}]


def pairs(compared: dict[str, Any]) -> list[Row]:
    """A line a set of faces that a model and the first both answered."""
    return [
        (
            f"{pair['model']}: {pair['set']}, {pair['base_rates']}",
            f"{pair['faces']:,}",
            f"{_signed(pair['difference']['value'])} ({_signed(pair['difference']['low'])} to "
            f"{_signed(pair['difference']['high'])})",
            str(pair["only_first_right"]),
            str(pair["only_this_right"]),
            f"{pair['mcnemar_p']:.2g}",
        )
        for pair in compared["pairs"]
    ]


def explained(compared: dict[str, Any]) -> str:
    if not compared["pairs"]:
        return "No two of them have answered the same faces (or the tables of answers are missing): nothing is paired."
    return (
        f"Face by face against {compared['against']}: the change of accuracy on the same faces with the interval of "
        "Bonett and Price for paired shares, and McNemar's exact test. A p below 0.05 is hardly chance where one pair "
        "is looked at; of twenty pairs one is below it by chance."
    )


def show(compared: dict[str, Any]) -> None:
    """Print to standard output."""
    console = Console()
    console.print(rich_table(("", *compared["models"]), numbers(compared), "side by side"))
    if compared["pairs"]:
        console.print(rich_table(PAIR_HEADER, pairs(compared), f"face by face, against {compared['against']}"))
    console.print(explained(compared))


def write(compared: dict[str, Any], folder: Path) -> list[Path]:
    """Write `compare.json`, `.md`, `.html` and `.png`. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "compare.png"
    draw(compared, picture)
    header = ("", *compared["models"])
    parts = ["# Side by side\n", markdown(header, numbers(compared)), f"![Side by side]({picture.name})\n"]
    parts += ["## Face by face\n", f"{explained(compared)}\n"]
    if compared["pairs"]:
        parts.append(markdown(PAIR_HEADER, pairs(compared)))
    texts = {
        "json": json.dumps(compared, indent=2, ensure_ascii=False) + "\n",
        "md": "\n".join(parts),
        "html": page.rendered(
            "comparison.html",
            title="Side by side: " + ", ".join(compared["models"]),
            header=header,
            numbers=numbers(compared),
            pairs=pairs(compared),
            pair_header=PAIR_HEADER,
            explained=explained(compared),
            figure=page.embedded(picture),
        ),
    }
    for kind, text in texts.items():
        (folder / f"compare.{kind}").write_text(text, encoding="utf-8")
    return [picture, *(folder / f"compare.{kind}" for kind in texts)]


def draw(compared: dict[str, Any], path: Path) -> None:
    """Left: every model's share on every set. Right: the change against the first, in points."""
    models = compared["models"]
    colours = {name: SERIES[number % len(SERIES)] for number, name in enumerate(models)}
    lines = [(name, where) for name, where in SHARES.items() if any(_has(where, r) for r in models.values())]
    changes = compared["pairs"]
    height = 1.7 + max(len(lines) * (0.3 + 0.16 * len(models)), 0.36 * len(changes))
    with drawing(13 if changes else 8, height, columns=2 if changes else 1) as (figure, (left, *rest)):
        step = 0.6 / len(models)
        for y, (_, where) in enumerate(lines):
            for number, (name, result) in enumerate(models.items()):
                if _has(where, result):
                    whisker(left, y + step * (number - (len(models) - 1) / 2), where(result), colours[name])
        rows(left, [name for name, _ in lines])
        shown = [where(r)["low"] for _, where in lines for r in models.values() if _has(where, r)]
        percent_axis(left, max(0, 100 * min(shown) - 4), 100)
        left.set_title("How often each is right")
        for right in rest:
            _changes(right, changes, colours, compared["against"])
        legend_below(figure, left, colours)
        figure.savefig(path, dpi=DPI)


def _changes(axes: Any, changes: list[dict[str, Any]], colours: dict[str, str], against: str) -> None:
    axes.axvline(0, color=SOFT, lw=1)
    for y, pair in enumerate(changes):
        whisker(axes, y, pair["difference"], colours[pair["model"]])
        words = f"p {pair['mcnemar_p']:.2g}" if pair["mcnemar_p"] >= 0.001 else "p < 0.001"
        at_right(axes, y, words, INK if pair["mcnemar_p"] < 0.05 else SOFT)
    rows(axes, [f"{pair['set']}, {pair['base_rates']}" for pair in changes])
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_title(f"Points gained or lost against {against}")


def _or_dash(cell: Cell, result: dict[str, Any]) -> str:
    try:
        return cell(result)
    except (KeyError, TypeError):
        return "–"


def _has(where: Callable[[dict[str, Any]], Any], result: dict[str, Any]) -> bool:
    try:
        return where(result)["value"] is not None
    except (KeyError, TypeError):
        return False


def _signed(share: float) -> str:
    return f"{round(100 * share, 2) + 0.0:+.2f}".replace("-", "−")
