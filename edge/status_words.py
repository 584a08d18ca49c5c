"""What `emotion-edge status` tells the owner."""

from __future__ import annotations

import math
from typing import Any

from edge.service import Service


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
