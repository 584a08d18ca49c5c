"""Looks at everything emotion-edge needs on this machine, and says what to do where something is amiss."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from edge import service
from edge.config import Config
from edge.config_file import load_config
from edge.doctor import broker, camera, machine, models, outputs
from edge.doctor.finding import Finding
from edge.errors import ConfigError

__all__ = ["Finding", "examine"]


def examine(path: Path | None = None) -> list[Finding]:
    """path: of a configuration; None: the installed service's, else the defaults.

    Root can open everything: where there is a service, it looks with the rights of the service's user, and keeps them.
    """
    if path is None and os.path.lexists(service.CONFIG):
        path = service.CONFIG
    try:
        config = load_config(path) if path else Config()
    except ConfigError as err:
        advice = "sudo emotion-edge doctor" if isinstance(err.__cause__, PermissionError) else "correct that line"
        return [*machine.versions(), Finding("settings", "failed", str(err), advice)]
    return [*machine.versions(), *_parts(config, path, path == service.CONFIG)]


def _parts(config: Config, path: Path | None, of_the_service: bool) -> list[Finding]:
    running = service.installed_service() if of_the_service else None
    connection = broker.check(config.mqtt, running)  # first: only root may read the service's password
    holders = camera.holders()
    user = _take_rights_of_the_service() if running else None
    if running:
        with contextlib.suppress(OSError):
            os.chdir(service.STATE)
    return [
        _settings(path, user),
        *machine.of_service(running),
        *models.check(config),
        camera.check(config.camera, running, holders, user),
        *connection,
        *outputs.check(config, user),
        *machine.check(),
    ]


def _settings(path: Path | None, user: str | None) -> Finding:
    """Valid they are; the service's user, whose rights we have by now, must be able to read them, too."""
    if path and not os.access(path, os.R_OK):
        advice = f"sudo chgrp {user} {path} && sudo chmod g+r {path}"
        return Finding("settings", "failed", f"{path} cannot be read by {user or 'this user'}", advice)
    return Finding("settings", "ok", str(path or "the defaults"))


def _take_rights_of_the_service() -> str | None:
    """The name of its user, where there is one and we are root."""
    user = service.user()
    if user is None:
        return None
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return user.pw_name
