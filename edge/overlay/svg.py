"""The overlay's drawings and colours for a web page."""

from __future__ import annotations

from edge.overlay.icons import ICONS, Curve, bezier
from edge.overlay.ink import PALETTE, Colour

_LINE = 0.07
_DOT = 0.06
_DEEP = 0.6
"""Of the brightness: what stands out on a dark plate is too pale on a white page. Gives 3:1 and more."""


def symbols() -> str:
    """One <svg> that shows nothing and holds every icon as a <symbol>, for <use href="#happy">."""
    drawn = "".join(
        f'<symbol id="{name}" viewBox="0 0 1 1">{_drawing(curves)}</symbol>' for name, curves in ICONS.items()
    )
    return f'<svg class="symbols" aria-hidden="true">{drawn}</svg>'


def icon() -> str:
    """The program's sign as an SVG file: a smiling face on a dark plate."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1" rx=".25" fill="#14181e"/>'
        f'<g transform="translate(.125 .125) scale(.75)" color="#f6f8fa">{_drawing(ICONS["happy"])}</g></svg>'
    )


def palette() -> str:
    """CSS: the colour of a face as --face, by day as --face-deep, in classes face-0, face-1, ..."""
    return "".join(
        f".face-{i}{{--face:{_hex(colour, 1)};--face-deep:{_hex(colour, _DEEP)}}}" for i, colour in enumerate(PALETTE)
    )


def _drawing(curves: tuple[Curve, ...]) -> str:
    dots = "".join(
        f'<circle cx="{c[0][0]}" cy="{c[0][1]}" r="{_DOT}" fill="currentColor"/>' for c in curves if len(c) == 1
    )
    lines = "".join(_path(curve) for curve in curves if len(curve) > 1)
    style = f'fill="none" stroke="currentColor" stroke-width="{_LINE}" stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{lines}" {style}/>{dots}'


def _path(curve: Curve) -> str:
    if len(curve) == 4:  # SVG has curves of this degree, of others it has not
        return f"M{_point(curve[0])}C{' '.join(map(_point, curve[1:]))}"
    points = curve if len(curve) == 2 else bezier(curve)
    return "M" + "L".join(_point((x, y)) for x, y in points)


def _point(point: tuple[float, float]) -> str:
    return f"{point[0]:.3f},{point[1]:.3f}"


def _hex(colour: Colour, brightness: float) -> str:
    blue, green, red = (round(brightness * value) for value in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"
