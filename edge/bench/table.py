"""The numbers of the bench, for people."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

COLUMNS = ("mean", "p50", "p95", "max")


def show(result: dict[str, Any]) -> None:
    """Print the numbers for people."""
    width, height = result["size"]
    table = Table(
        title=f"{escape(result['source'])}, {result['frames']} frames of {width}x{height}, {_threads(result)}",
        box=box.SIMPLE_HEAD,
        title_style="bold",
    )
    table.add_column("ms a frame")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for name, numbers in {**result["stages"], "[bold]as it runs[/bold]": result["frame"]}.items():
        if name.startswith("["):
            table.add_section()
        table.add_row(name, *(f"{numbers[column]:.2f}" for column in COLUMNS))
    console = Console(highlight=False)
    console.print(table)
    rates = ", ".join(f"{people}: {rate:.0f}" for people, rate in result["frames_per_s"].items())
    console.print(f"frames a second by faces in view: {rates}")
    console.print(f"at 30 frames a second: {result['share_of_a_core_at_30_per_s']:.0%} of one core")
    heat = "" if result["temperature_c"] is None else f", {result['temperature_c']:.0f} °C"
    throttled = ", throttled" if result["throttled"] else ""
    console.print(
        f"first result after {result['first_result_s']:.2f} s, {result['peak_mb']:.0f} MB at most{heat}{throttled}"
    )
    console.print(f"on {result['device']}")
    console.print("Each stage is measured on every frame; as it runs, most are skipped on most frames.")
    if result["estimates"]:
        console.print(_boards(result["estimates"]))
    if "comparison" in result:
        console.print(_comparison(result["comparison"]))


def _threads(result: dict[str, Any]) -> str:
    return "one thread" if result["threads"] == 1 else f"{result['threads']} threads"


def _boards(estimates: dict[str, list[dict[str, Any]]]) -> Table:
    table = Table(title="ms of one pass on one core: estimated, not measured", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column("board")
    for name in estimates:
        table.add_column(name, justify="right")
    for rows in zip(*estimates.values(), strict=True):
        likely = (row["likely_ms"] for row in rows)
        table.add_row(f"{rows[0]['board']} ({rows[0]['core']})", *(f"{low:.1f} to {high:.1f}" for low, high in likely))
    return table


def _comparison(comparison: dict[str, dict[str, float]]) -> Table:
    table = Table(
        title="the same clip at 640x480, with the default settings, in turns", box=box.SIMPLE_HEAD, title_style="bold"
    )
    table.add_column("")
    for name in ("emotion-edge", "fer", "fer / ours"):
        table.add_column(name, justify="right")
    for key, ours in comparison["ours"].items():
        ratio = comparison["ratio"].get(key)
        shown = "" if ratio is None else f"{ratio:.1f}x"
        table.add_row(key.replace("_", " "), f"{ours:.2f}", f"{comparison['fer'][key]:.2f}", shown)
    return table
