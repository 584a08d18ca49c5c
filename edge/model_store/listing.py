"""The models of this program, shipped and updated, and which of them run."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from edge.emotion.card import load_verified
from edge.emotion.tflite import shipped_models
from edge.emotion.updates import current_version
from edge.errors import ModelError
from edge.model_store.store import Store


def listing(folder: Path | None, used: Collection[str] | None) -> list[dict[str, Any]]:
    """A row a model and version: name, version ('shipped' is one), counts, runs, sha256, bytes, fault.

    Of a name one version counts; it runs where the configuration uses that name. folder: of updates. used: names; None
    where nobody knows, and so is `runs`.
    """
    store = Store(folder) if folder and folder.is_dir() else None
    shipped = shipped_files()
    rows = []
    for name in sorted({*shipped, *(store.names() if store else [])}):
        current = current_version(folder, name) if folder else None
        versions = store.versions(name) if store else []
        files = {version: folder / name / version / f"{name}.tflite" for version in versions} if folder else {}
        if name in shipped:
            files["shipped"] = shipped[name]
        for version, path in files.items():
            counts = version == (current or "shipped")
            runs = None if used is None else counts and name in used
            rows.append(_row(name, version, path) | {"counts": counts, "runs": runs})
    return rows


def shipped_files() -> dict[str, Path]:
    """By name."""
    return {path.stem: path for folder in shipped_models("") for path in sorted(folder.glob("*.tflite"))}


def _row(name: str, version: str, path: Path) -> dict[str, Any]:
    row = {"name": name, "version": version, "path": str(path), "fault": None}
    try:
        content, card = load_verified(path)
    except ModelError as err:
        return {**row, "sha256": None, "bytes": None, "fault": str(err)}
    return {**row, "sha256": card["sha256"], "bytes": len(content)}


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line a row, and one more where it is not known which of them run."""
    name_width = max(len(row["name"]) for row in rows)
    version_width = max(len(row["version"]) for row in rows)
    lines = [f"{row['name']:{name_width}}  {row['version']:{version_width}}  {_words(row)}".rstrip() for row in rows]
    if any(row["runs"] is None for row in rows):
        lines.append("which of them run: sudo emotion-edge model list")
    return "\n".join(lines)


def _words(row: dict[str, Any]) -> str:
    mark = "runs " if row["runs"] else "ready" if row["counts"] else "     "
    if row["fault"]:
        return f"{mark}  {row['fault']}"
    return f"{mark}  {row['bytes'] / 1000:5.0f} kB  {row['sha256'][:12]}…"


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps({"schema": 1, "models": rows}, indent=2)
