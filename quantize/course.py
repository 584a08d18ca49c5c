"""How a run went, as every card tells it."""

from __future__ import annotations

from typing import Any


def course(facts: dict[str, Any], epochs: int, best_epoch: int) -> dict[str, Any]:
    """facts: the run's run.json. Its notes are written there by hand where a run departs from its recipe."""
    told = {key: facts[key] for key in ("recipe", "seed", "commit", "backend")}
    return {**told, "epochs": epochs, "best_epoch": best_epoch, "notes": facts.get("notes", [])}
