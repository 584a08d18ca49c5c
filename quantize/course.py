"""How a run went, as every card tells it."""

from __future__ import annotations

from typing import Any


def course(facts: dict[str, Any], epochs: int, best_epoch: int) -> dict[str, Any]:
    """facts: the run's run.json. Its notes are written there by hand where a run departs from its recipe."""
    told = {key: facts[key] for key in ("recipe", "seed", "commit", "backend")}
    return {**told, "epochs": epochs, "best_epoch": best_epoch, "notes": facts.get("notes", [])}


def stopped_early(recipe: dict[str, Any], epochs: int, best_epoch: int) -> bool:
    """Whether the run ended as its recipe says: no better for so many epochs."""
    patience = recipe.get("patience")
    return patience is not None and epochs - best_epoch >= patience


def learnt_words(recipe: dict[str, Any]) -> bool:
    """Whether most of the targets were FER2013's own labels."""
    return float(recipe.get("own_labels", 0.0)) >= 0.5
