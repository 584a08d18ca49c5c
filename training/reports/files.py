"""Everything `evaluate` leaves in its folder, beside each other under one stem."""

from __future__ import annotations

import json
from pathlib import Path

from training import answers
from training.evaluate import Measured
from training.held_out import HeldOut
from training.reports import figures, mistakes, page, tables


def write(test: HeldOut, measured: Measured, title: str, folder: Path, stem: str) -> list[Path]:
    """Write `<stem>.json`, `.md`, `.html`, `.answers.csv`, the figures, and the mistakes apart. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    result = measured.result
    drawn = figures.draw(result, folder, stem)
    beside = {name: path.name for name, path in drawn.items()}
    texts = {
        "json": json.dumps(result, indent=2, ensure_ascii=False) + "\n",
        "md": tables.as_markdown(result, title, beside),
        "html": page.as_page(result, title, drawn),
    }
    written = list(drawn.values())
    for kind, text in texts.items():
        written.append(folder / f"{stem}.{kind}")
        written[-1].write_text(text, encoding="utf-8")
    written.append(folder / f"{stem}.answers.csv")
    answers.write(answers.table(test, measured), written[-1])
    sheet = mistakes.sheet(test.faces, measured.answers["everyday"], test.names, folder, stem)
    return [*written, sheet] if sheet else written
