"""A report's first sentences: what the numbers mean for somebody who has to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """decision: two or three words. grade: passed, close or failed. sentence: the numbers. reason: why so."""

    grade: str
    decision: str
    sentence: str
    reason: str


def verdict(result: dict[str, Any]) -> Verdict:
    """result: as `quantize.report.compare` gives it."""
    limit, faces = result["limit_points"], result["faces"]
    worst = -100 * result["difference"]["low"]
    if not result["within_limit"]:
        reason = f"The loss is above the limit of {limit:g} points."
        return Verdict("failed", "Do not ship", sentence(result), reason)
    if worst > limit:
        reason = (
            f"The loss is within the limit of {limit:g} points; {faces:,} pictures cannot rule out one of {worst:.2f}."
        )
        return Verdict("close", "Fit to ship", sentence(result), reason)
    reason = f"Even the worst end of the interval is within the limit of {limit:g} points."
    return Verdict("passed", "Safe to ship", sentence(result), reason)


def sentence(result: dict[str, Any]) -> str:
    """int8 loses 0.17 points of accuracy (95 % interval −0.58 to +0.24), 98.5 % equal decisions, 3.8x smaller, …"""
    parts = [
        f"int8 {change(result)} ({difference_interval(result)})",
        f"{100 * result['equal_decisions']:.1f} % equal decisions",
        f"{size_ratio(result):.1f}x smaller",
    ]
    ratio = speed_ratio(result)
    if ratio is not None:
        parts.append(f"{ratio:.1f}x faster than float32" if ratio >= 1 else f"{1 / ratio:.1f}x slower than float32")
    return ", ".join(parts) + "."


def change(result: dict[str, Any]) -> str:
    lost = round(result["lost_points"], 2)
    if lost == 0:
        return "neither loses nor gains accuracy"
    return f"{'loses' if lost > 0 else 'gains'} {abs(lost):.2f} points of accuracy"


def difference_interval(result: dict[str, Any]) -> str:
    low, high = (f"{100 * result['difference'][end]:+.2f}".replace("-", "−") for end in ("low", "high"))
    return f"95 % interval {low} to {high}"


def size_ratio(result: dict[str, Any]) -> float:
    return result["float"]["size_bytes"] / result["int8"]["size_bytes"]


def speed_ratio(result: dict[str, Any]) -> float | None:
    """Float's time over int8's for one picture on one thread."""
    ms = next((one["ms"] for one in result["latency"] if one["batch"] == one["threads"] == 1), None)
    return ms["float"] / ms["int8"] if ms else None


def milliseconds(number: float) -> str:
    """0.0042, 0.17, 12.3, 1234: three digits that mean something, however fast or slow."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2 if number >= 0.1 else 4
    return f"{number:.{digits}f}"


def chance(p: float) -> str:
    """A p-value; "< 0.001" where it is smaller."""
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def signed(number: float, digits: int = 2) -> str:
    """−0.17; nothing is ever −0.00"""
    return f"{round(number, digits) + 0.0:+.{digits}f}".replace("-", "−")
