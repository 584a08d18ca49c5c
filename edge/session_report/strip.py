"""Pieces of the page that are drawn: the strip over time, the bar of shares, the icons. SVG and HTML as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edge.drawings import ICONS, svg_path
from edge.session_report.session import KINDS, Person, Seconds

HEIGHT = 100
"""Of a strip in its own units; its width is the number of bins. The page stretches both."""


def strip(person: Person, bins: int, marks: Sequence[float], about: str) -> str:
    """What a person showed over time: in each bin the shares of the kinds, stacked.

    Where nobody was seen it is covered; where it was uncertain the hatching behind the drawing shows through.
    marks: positions of the grid's lines, 0..1. about: what a screen reader says.
    """
    paths = [
        f'<path class="{kind}" d="{outline}"/>'
        for number, kind in enumerate(KINDS)
        if kind != "uncertain" and (outline := _outline(person, number))
    ]
    lines = "".join(f"M{bins * mark:.2f},0v{HEIGHT}" for mark in marks)
    return (
        f'<svg class="strip" viewBox="0 0 {bins} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(about)}"><path class="nobody" d="{_nobody(person, bins)}"/>{"".join(paths)}'
        f'<path class="grid" d="{lines}"/></svg>'
    )


def _outline(person: Person, kind: int) -> str:
    """A rectangle a bin; neighbours that are alike become one."""
    merged: list[list[float]] = []
    for number, seconds in sorted(person.bins.items()):
        if not seconds[kind]:
            continue
        total = sum(seconds)
        top = round(HEIGHT * (1 - sum(seconds[: kind + 1]) / total), 1)
        height = round(HEIGHT * seconds[kind] / total, 1)
        if merged and merged[-1][0] + merged[-1][1] == number and merged[-1][2:] == [top, height]:
            merged[-1][1] += 1
        elif height:
            merged.append([number, 1, top, height])
    return "".join(f"M{x:g},{top:g}h{width:g}v{height:g}h-{width:g}z" for x, width, top, height in merged)


def _nobody(person: Person, bins: int) -> str:
    """Rectangles over all bins in which nothing was counted."""
    covered, start = [], 0
    for number in [*sorted(person.bins), bins]:
        if number > start:
            covered.append(f"M{start},0h{number - start}v{HEIGHT}h-{number - start}z")
        start = number + 1
    return "".join(covered)


def shares(seconds: Seconds) -> list[tuple[str, float]]:
    """Each kind's share, 0..1, the largest first, uncertainty last; those that round to 0 % are left out."""
    total = sum(seconds) or 1.0
    found = [(kind, part / total) for kind, part in zip(KINDS, seconds, strict=True) if part / total >= 0.005]
    return sorted(found, key=lambda one: (one[0] == "uncertain", -one[1]))


def shares_bar(seconds: Seconds) -> str:
    """A bar divided by shares, and below it their names and percentages."""
    found = shares(seconds)
    if not found:
        return ""
    bar = "".join(f'<i class="{kind}" style="flex-grow:{100 * part:.1f}"></i>' for kind, part in found)
    words = "".join(
        f'<li><i class="dot {kind}"></i>{kind} <b>{100 * part:.0f}<small> %</small></b></li>' for kind, part in found
    )
    return f'<div class="shares" aria-hidden="true">{bar}</div><ul class="words">{words}</ul>'


def icon(kind: str) -> str:
    """A drawn face; `symbols` must stand in the same page."""
    return f'<svg class="icon {kind}" aria-hidden="true"><use href="#{kind}"/></svg>'


def symbols() -> str:
    """The drawn faces, once for the whole page."""
    # The colour of the disc is that of the place where the drawing is used.
    disc = '<circle cx=".5" cy=".5" r=".45" style="fill:var(--face,none);stroke:none"/>'
    outlines = {kind: "".join(map(svg_path, ICONS[kind])) for kind in KINDS}
    drawn = "".join(
        f'<symbol id="{kind}" viewBox="0 0 1 1">{disc}<path d="{outline}"/></symbol>'
        for kind, outline in outlines.items()
    )
    return f'<svg class="symbols" aria-hidden="true">{drawn}</svg>'
