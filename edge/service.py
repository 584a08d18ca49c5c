"""The installed service, as systemd sees it."""

from __future__ import annotations

import math
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge import status_file
from edge.errors import EdgeError

UNIT = "emotion-edge.service"
USER = "emotion-edge"
SETTINGS = Path("/etc/emotion-edge")
"""Holds config.toml and mqtt-password."""
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


def described(service: Service, health: dict[str, Any]) -> str:
    """Lines for the owner. health: what the daemon wrote last, see `edge.status_file`."""
    lines = [f"{service.state}{f' since {service.since}' if service.is_active else f', {service.result}'}"]
    if service.is_active:
        lines += filter(None, [service.status, _measured(health)])
    times = "once" if service.restarts == 1 else f"{service.restarts} times"
    error = health.get("last_error")
    lines.append(f"started again {times}; last error: {error if error and isinstance(error, str) else 'none'}")
    lines.append("log: journalctl -u emotion-edge")
    return "\n".join(lines)


def _measured(health: dict[str, Any]) -> str:
    """Latency, skipped frames, heat and memory, as far as they are known. The file may be another version's."""
    parts = []
    stages = health.get("ms")
    for stage, ms in stages.items() if isinstance(stages, dict) else ():
        p50, p95 = (_number(ms.get(key)) for key in ("p50", "p95")) if isinstance(ms, dict) else (None, None)
        if p50 is not None and p95 is not None:
            parts.append(f"{stage} {p50:.1f}/{p95:.1f} ms")
    if (skipped := _number(health.get("skipped"))) is not None:
        parts.append(f"{skipped:.0f} frames skipped")
    if (heat := _number(health.get("temperature_c"))) is not None:
        parts.append(f"{heat:.0f} °C")
    if isinstance(throttled := health.get("throttled"), bool):
        parts.append("throttled" if throttled else "not throttled")
    if (memory := _number(health.get("rss_mb"))) is not None:
        parts.append(f"{memory:.0f} MB")
    return ", ".join(parts)


def _number(value: object) -> float | None:
    """None where it is none that can be shown."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


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
