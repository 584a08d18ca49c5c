"""Findings for people, and for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.doctor.finding import Finding

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


def to_json(findings: list[Finding]) -> str:
    return json.dumps(
        {"schema": 1, "ok": not any(f.level == "failed" for f in findings), "findings": [asdict(f) for f in findings]},
        ensure_ascii=False,
        indent=2,
    )


def show(findings: list[Finding]) -> None:
    """Colours and wrapped lines on a terminal, one plain line each elsewhere."""
    if not sys.stdout.isatty():
        for finding in findings:
            advice = f"; {finding.advice}" if finding.advice else ""
            print(f"{finding.level:8} {finding.name:14} {finding.said}{advice}")  # noqa: T201
        print(summary(findings))  # noqa: T201
        return
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        said = Text(finding.said)
        if finding.advice:
            said.append(f"\n→ {finding.advice}", style=colour)
        table.add_row(Text(f"  {mark}", style=f"bold {colour}"), Text(finding.name, style="bold"), said)
    console.print()
    console.print(table)
    console.print(f"\n  {summary(findings)}\n")


def summary(findings: list[Finding]) -> str:
    failed = sum(finding.level == "failed" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if not failed and not warnings:
        return "All is well."
    parts = [f"{failed} failed"] if failed else []
    parts += [f"{warnings} {'warning' if warnings == 1 else 'warnings'}"] if warnings else []
    return f"{len(findings)} looked at: {', '.join(parts)}."
