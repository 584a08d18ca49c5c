"""How somebody gets the libraries of an output that they switched on."""

from __future__ import annotations

from pathlib import Path

from edge import service


def how_to_install(extra: str, *, for_service: bool | None = None) -> str:
    """extra: of pyproject.toml. for_service: whose environment its installer makes anew; None: whether we are it."""
    if for_service is None:
        for_service = service.is_this_process()
    if for_service:
        return "sudo ./setup.sh install"
    in_checkout = (Path(__file__).parents[1] / "pyproject.toml").is_file()
    return f".venv/bin/pip install -e '.[{extra}]'" if in_checkout else f"pip install 'emotion-edge[{extra}]'"
