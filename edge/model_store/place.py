"""Where this program keeps model updates, and whom they concern."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge import service
from edge.config import Config
from edge.config_file import load_config
from edge.emotion.updates import OF_THE_SERVICE, updates_folder
from edge.errors import ConfigError, EdgeError
from edge.model_store import trial

KEY = service.SETTINGS / "model-key.pub"
"""Of the owner, who signs models."""


@dataclass(frozen=True, slots=True)
class Place:
    """folder: of `edge.emotion.updates`. user: whose rights a model on trial gets; None: those of whoever runs this."""

    folder: Path
    user: str | None

    def is_served(self, name: str) -> bool:
        """Whether the service of this machine runs a model of this name, from here, and is meant to run now."""
        if self.folder != OF_THE_SERVICE:
            return False
        running = trial.seen()
        if running is None or running.state.startswith("inactive"):
            return False
        return name in (used_models() or ())


def used_models() -> tuple[str, ...] | None:
    """By the installed service, or by default where there is none. Empty where its settings are wrong: then it does not
    start, whatever its models. None where this user may not read them.
    """
    try:
        config = load_config(service.CONFIG) if os.path.lexists(service.CONFIG) else Config()
    except ConfigError as err:
        return None if isinstance(err.__cause__, PermissionError) else ()
    return config.face.model, config.emotion.model


def place() -> Place:
    """Raises EdgeError in a checkout."""
    folder = updates_folder()
    if folder is None:
        raise EdgeError(
            "this checkout runs the models in models/; updates are for the installed program (sudo ./setup.sh install)"
        )
    user = service.user() if folder == OF_THE_SERVICE else None
    return Place(folder, user.pw_name if user else None)
