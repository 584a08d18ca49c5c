"""How the daemon is doing: rate, latency, memory, temperature. Bounded memory, nothing written anywhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np

from edge import board
from edge.types import Result, State, Status

REMEMBERED = 300
"""Results that rates and percentiles are taken over."""


class Health:
    """Collects what each result cost; `status` sums it up."""

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic, *, recording: bool = False) -> None:
        self._source, self._clock, self._recording = source, clock, recording
        self._started = clock()
        self._recent: deque[tuple[float, dict[str, float]]] = deque(maxlen=REMEMBERED)
        self._skipped = 0

    def record(self, result: Result) -> None:
        self._recent.append((self._clock(), result.ms))
        self._skipped += result.frame.skipped

    def status(self, state: State, restarts: int = 0, last_error: str | None = None) -> Status:
        now = self._clock()
        recent = [(at, ms) for at, ms in self._recent if now - at <= 5.0]
        fps = (len(recent) - 1) / (recent[-1][0] - recent[0][0]) if len(recent) > 1 else 0.0
        stages = {stage for _, ms in recent for stage in ms}
        return Status(
            state=state,
            source=self._source,
            fps=fps,
            skipped=self._skipped,
            uptime_s=now - self._started,
            ms={stage: _percentiles([ms[stage] for _, ms in recent if stage in ms]) for stage in sorted(stages)},
            temperature_c=board.temperature_c(),
            throttled=board.throttled(),
            rss_mb=board.resident_mb(),
            recording=self._recording,
            restarts=restarts,
            last_error=last_error,
        )


def summary(status: Status) -> str:
    """One line for the log."""
    stages = ", ".join(f"{stage} {p50:.1f}/{p95:.1f}" for stage, (p50, p95) in status.ms.items())
    temperature = f", {status.temperature_c:.0f} °C" if status.temperature_c is not None else ""
    throttled = ", throttled" if status.throttled else ""
    memory = f", {status.rss_mb:.0f} MB" if status.rss_mb is not None else ""
    recording = ", recording faces" if status.recording else ""
    return (
        f"{status.state}: {status.fps:.1f} frames/s, {status.skipped} skipped, "
        f"ms p50/p95: {stages or '-'}{temperature}{throttled}{memory}{recording}"
    )


def troubles(status: Status) -> list[str]:
    """What is wrong besides the camera, in a few words each, for people who look at a screen."""
    heat = ["slowed down by heat or power"] if status.throttled else []
    return heat + ["no broker" if name == "mqtt" else f"{name} is broken" for name in status.away]


def _percentiles(values: list[float]) -> tuple[float, float]:
    median, high = np.percentile(values, (50, 95))
    return float(median), float(high)
