"""The installed service: where its things are, and how systemd sees it."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge import status_file
from edge.emotion.updates import OF_THE_SERVICE
from edge.errors import EdgeError

UNIT = "emotion-edge.service"
USER = "emotion-edge"
SETTINGS = Path("/etc/emotion-edge")
CONFIG = SETTINGS / "config.toml"
STATE = OF_THE_SERVICE.parent
"""Where its relative paths begin, and the only place it may write to."""
STATUS_FILE = Path("/run/emotion-edge", status_file.NAME)

_PROPERTIES = (
    *("LoadState", "ActiveState", "SubState", "Result", "StatusText", "NRestarts", "MainPID"),
    *("ExecMainStatus", "ActiveEnterTimestamp", "IPAddressAllow", "WatchdogTimestampMonotonic"),
)


@dataclass(frozen=True, slots=True)
class Service:
    """What `systemctl show` tells. status: the daemon's own words. exit_code: of the run that ended last.

    alive_us: when the daemon's loop gave its last sign of life, microseconds since the machine started.
    """

    state: str
    status: str
    result: str
    since: str
    restarts: int
    pid: int
    exit_code: int
    reachable: tuple[str, ...]
    alive_us: int = 0

    @property
    def is_active(self) -> bool:
        return self.state.startswith("active ")


def is_this_process() -> bool:
    """Whether systemd runs us, and waits for us to tell how we are."""
    return "NOTIFY_SOCKET" in os.environ


def user() -> pwd.struct_passwd | None:
    """Whose rights we can take: those of the service's user, where there is one and we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def installed_service() -> Service | None:
    """None where it is not installed, systemd does not run here, or does not answer now."""
    try:
        done = _systemctl("show", *(f"--property={name}" for name in _PROPERTIES))
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parsed(done.stdout) if done.returncode == 0 else None


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
        alive_us=int(values.get("WatchdogTimestampMonotonic") or 0),
    )


def restart() -> None:
    """Without waiting for it, and as if it had never failed. Raises EdgeError."""
    try:
        _systemctl("reset-failed")
        done = _systemctl("restart", "--no-block")
    except (OSError, subprocess.TimeoutExpired) as err:
        raise EdgeError(f"systemd does not answer: {err}") from err
    if done.returncode:
        raise EdgeError(f"the service cannot be restarted: {done.stderr.strip()}")


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    """Raises OSError and TimeoutExpired."""
    return subprocess.run(["systemctl", *words, UNIT], capture_output=True, text=True, timeout=10)  # noqa: S603, S607
