"""How somebody gets the libraries of an output that they switched on."""

from __future__ import annotations

import os


def how_to_install(extra: str, *, for_service: bool | None = None) -> str:
    """extra: of pyproject.toml. for_service: whose environment its installer makes anew; None: whether we are it."""
    if for_service is None:
        for_service = "NOTIFY_SOCKET" in os.environ
    return "sudo ./setup.sh install" if for_service else f"pip install 'emotion-edge[{extra}]'"
