"""The installed service, as systemd sees it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

UNIT = "emotion-edge.service"
USER = "emotion-edge"
SETTINGS = Path("/etc/emotion-edge")
"""Holds config.toml and mqtt-password."""

_PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "Result", "StatusText", "NRestarts", "MainPID"),
    *("ExecMainStatus", "ActiveEnterTimestamp", "IPAddressAllow"),
)


@dataclass(frozen=True, slots=True)
class Service:
    """What `systemctl show` tells. status: the daemon's own words. exit_code: of the run that ended last."""

    state: str
    status: str
    result: str
    since: str
    restarts: int
    pid: int
    exit_code: int
    reachable: tuple[str, ...]

    @property
    def is_active(self) -> bool:
        return self.state.startswith("active ")


def installed_service() -> Service | None:
    """None where it is not installed, or systemd does not run here."""
    command = ["systemctl", "show", UNIT, *(f"--property={name}" for name in _PROPERTIES)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parsed(done.stdout)


def parsed(shown: str) -> Service | None:
    """The lines `KEY=VALUE` of systemctl show."""
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    if values.get("LoadState") != "loaded":
        return None
    return Service(
        state=f"{values['ActiveState']} ({values['SubState']})",
        status=values["StatusText"],
        result=values["Result"],
        since=values["ActiveEnterTimestamp"],
        restarts=int(values["NRestarts"]),
        pid=int(values["MainPID"]),
        exit_code=int(values["ExecMainStatus"]),
        reachable=tuple(values.get("IPAddressAllow", "").split()),
    )
