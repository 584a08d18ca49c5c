"""What one check found."""

from __future__ import annotations

import getpass
import grp
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """name: of what was looked at. said: one line. advice: what to do about it, one line; empty where all is well."""

    name: str
    level: Level
    said: str
    advice: str = ""


def missing_right(path: Path, user: str | None) -> str:
    """How the user (None: whoever runs this) gets the right to read and write a device; empty where it has it."""
    if os.access(path, os.R_OK | os.W_OK):
        return ""
    who = user or getpass.getuser()
    group_id = path.stat().st_gid
    try:
        group = grp.getgrgid(group_id).gr_name
    except KeyError:
        group = str(group_id)
    if group == "root":
        return f"only root may open {path}: give it to the group video with a udev rule"
    again = "sudo systemctl restart emotion-edge" if user else "log in again"
    return f"{who} is not in the group {group}: sudo usermod -aG {group} {who}, then {again}"
