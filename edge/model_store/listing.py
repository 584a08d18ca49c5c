"""The models of this program, shipped and updated, and which of them run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.emotion.card import load_verified
from edge.emotion.tflite import shipped_models
from edge.emotion.updates import current_version
from edge.errors import ModelError
from edge.model_store.store import Store


def listing(folder: Path | None) -> list[dict[str, Any]]:
    """A row a model and version: name, version ('shipped' is one), runs, sha256, bytes, fault. folder: of updates."""
    store = Store(folder) if folder and folder.is_dir() else None
    shipped = {path.stem: path for pattern in shipped_models("") for path in sorted(pattern.glob("*.tflite"))}
    rows = []
    for name in sorted({*shipped, *(store.names() if store else [])}):
        current = current_version(folder, name) if folder else None
        versions = store.versions(name) if store else []
        files = {version: folder / name / version / f"{name}.tflite" for version in versions} if folder else {}
        if name in shipped:
            files["shipped"] = shipped[name]
        rows += [_row(name, version, path, version == (current or "shipped")) for version, path in files.items()]
    return rows


def _row(name: str, version: str, path: Path, runs: bool) -> dict[str, Any]:
    row = {"name": name, "version": version, "runs": runs, "path": str(path), "fault": None}
    try:
        content, card = load_verified(path)
    except ModelError as err:
        return {**row, "sha256": None, "bytes": None, "fault": str(err)}
    return {**row, "sha256": card["sha256"], "bytes": len(content)}


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line a row."""
    name_width = max(len(row["name"]) for row in rows)
    version_width = max(len(row["version"]) for row in rows)
    return "\n".join(
        f"{row['name']:{name_width}}  {row['version']:{version_width}}  {_words(row)}".rstrip() for row in rows
    )


def _words(row: dict[str, Any]) -> str:
    mark = "runs" if row["runs"] else "    "
    if row["fault"]:
        return f"{mark}  {row['fault']}"
    return f"{mark}  {row['bytes'] / 1000:5.0f} kB  {row['sha256'][:12]}…"


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps({"schema": 1, "models": rows}, indent=2)
