"""The report's figures as SVG text: small, without scripts, coloured by the page's style in light and dark.

Drawn 360 units wide, the width of a telephone, so that the letters stay readable there. Fractions are 0..1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

WIDTH = 360
LONGEST_NAME = 24
SIDES = ("float", "int8")

Row = tuple[str, dict[str, float], dict[str, float] | None]
"""Name; the value of each file; the int8 value's interval (low, high)."""


def shares(rows: list[Row], title: str) -> Markup:
    """A line a row: float32 as a ring, int8 as a dot with its interval, on an axis from 0 to 100 %."""
    left, right, step = _beside([name for name, _, _ in rows], 7.2), WIDTH - 46, 22
    bottom = step * len(rows) + 6

    def x(share: float) -> float:
        return left + share * (right - left)

    parts = _grid([(x(tick / 4), f"{25 * tick}") for tick in range(5)], 4, bottom)
    for number, (name, values, interval) in enumerate(rows):
        y = step * number + step / 2 + 2
        parts.append(_text(left - 8, y + 4, _short(name), "end"))
        if interval:
            parts.append(f'<path class="whisker int8" d="M{x(interval["low"]):.1f} {y}H{x(interval["high"]):.1f}"/>')
        parts.append(f'<circle class="ring float" cx="{x(values["float"]):.1f}" cy="{y}" r="5"/>')
        parts.append(f'<circle class="dot int8" cx="{x(values["int8"]):.1f}" cy="{y}" r="3.2"/>')
        change = 100 * (values["int8"] - values["float"])
        parts.append(_text(WIDTH, y + 4, f"{change:+.1f}".replace("-", "−"), "end", "small"))
    return _svg(bottom + 18, parts, title)


def curve(
    lines: dict[str, list[tuple[float, ...]]], title: str, axes: tuple[str, str], top: float, diagonal: bool = False
) -> Markup:
    """One line a file over 0..100 %, up to `top` (a fraction). axes: what they are, below and above the plot.

    A point's third number, where it has one, is the share of all pictures that it stands for: the area of its dot.
    """
    left, right, head, bottom = 34, WIDTH - 10, 22, 250

    def at(point: tuple[float, ...]) -> str:
        return f"{left + point[0] * (right - left):.1f} {bottom - min(point[1] / top, 1.0) * (bottom - head):.1f}"

    parts = _grid([(left + tick / 4 * (right - left), f"{25 * tick}") for tick in range(5)], head, bottom)
    for tick in range(5):
        y = bottom - tick / 4 * (bottom - head)
        parts.append(f'<path class="grid" d="M{left} {y}H{right}"/>')
        parts.append(_text(left - 6, y + 4, f"{25 * top * tick:.3g}", "end", "small"))
    if diagonal:
        parts.append(f'<path class="diagonal" d="M{at((0, 0))}L{at((1, 1))}"/>')
    for side in SIDES:
        parts.append(f'<path class="line {side}" d="M{"L".join(at(point) for point in lines[side])}"/>')
        for point in lines[side]:
            if len(point) == 3:
                cx, cy = at(point).split()
                parts.append(f'<circle class="dot {side}" cx="{cx}" cy="{cy}" r="{1.5 + 9 * point[2] ** 0.5:.1f}"/>')
    parts.append(_text(right, bottom + 32, axes[0], "end", "small"))
    parts.append(_text(0, 11, axes[1], "start", "small"))
    return _svg(bottom + 38, parts, title)


def bars(rows: Iterable[tuple[str, float, str]], title: str, unit: str) -> Markup:
    """A bar a row, from 0. rows: name, value, and the class of the bar's colour."""
    rows = list(rows)
    left, right, step = _beside([name for name, _, _ in rows], 7.6), WIDTH - 62, 17
    longest = max(value for _, value, _ in rows)
    parts = []
    for number, (name, value, kind) in enumerate(rows):
        y = step * number + 2
        length = max(0.0, value) / longest * (right - left)
        parts.append(_text(left - 8, y + 11, _short(name), "end", "small"))
        parts.append(
            f'<rect class="bar {kind}" x="{left}" y="{y + 1}" width="{length:.1f}" height="{step - 5}" rx="2"/>'
        )
        parts.append(_text(left + length + 5, y + 11, f"{value:.3g} {unit}", "start", "small"))
    return _svg(step * len(rows) + 6, parts, title)


def times(settings: list[dict[str, Any]], title: str) -> Markup:
    """Two bars a setting, float32 above int8, as `quantize.latency.measured` gives them; the untimed left out."""
    settings = [setting for setting in settings if setting["ms"]]
    left, right, step = 84, WIDTH - 68, 40
    longest = max(setting["ms"][side] for setting in settings for side in SIDES)
    parts = []
    for number, setting in enumerate(settings):
        y = step * number + 4
        parts.append(
            _text(left - 8, y + 13, f"{setting['batch']} picture{'s' * (setting['batch'] > 1)}", "end", "small")
        )
        parts.append(
            _text(left - 8, y + 27, f"{setting['threads']} thread{'s' * (setting['threads'] > 1)}", "end", "small")
        )
        for row, side in enumerate(SIDES):
            length = setting["ms"][side] / longest * (right - left)
            top = y + 2 + 15 * row
            parts.append(f'<rect class="bar {side}" x="{left}" y="{top}" width="{length:.1f}" height="12" rx="2"/>')
            parts.append(_text(left + length + 5, top + 10, f"{setting['ms'][side]:.2f} ms", "start", "small"))
    return _svg(step * len(settings) + 6, parts, title)


def _beside(names: list[str], letter: float) -> float:
    """Where the plot begins, right of its names. letter: about the width of one."""
    return 14 + letter * max(len(_short(name)) for name in names)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _grid(ticks: list[tuple[float, str]], top: float, bottom: float) -> list[str]:
    parts = []
    for x, label in ticks:
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>')
        parts.append(_text(x, bottom + 14, label, "middle", "small"))
    return parts


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'


def _svg(height: float, parts: list[str], title: str) -> Markup:
    head = f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704  every word went through escape
