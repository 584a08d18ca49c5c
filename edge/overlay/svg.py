"""The overlay's drawings and colours for a web page."""

from __future__ import annotations

from edge.drawings import ICONS, Curve, svg_path
from edge.overlay.ink import PALETTE, Colour

_LINE = 0.07
_DOT = 0.06
_CONTRAST = 3.0
"""Of graphics against a white page: WCAG 2.2, success criterion 1.4.11."""


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
    """CSS: the colour of a face as --face, darkened for white pages as --face-deep, in classes face-0, face-1, ..."""
    return "".join(
        f".face-{i}{{--face:{_hex(colour)};--face-deep:{_hex(_deepened(colour))}}}" for i, colour in enumerate(PALETTE)
    )


def _drawing(curves: tuple[Curve, ...]) -> str:
    dots = "".join(
        f'<circle cx="{c[0][0]}" cy="{c[0][1]}" r="{_DOT}" fill="currentColor"/>' for c in curves if len(c) == 1
    )
    lines = "".join(svg_path(curve) for curve in curves if len(curve) > 1)
    style = f'fill="none" stroke="currentColor" stroke-width="{_LINE}" stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{lines}" {style}/>{dots}'


def _hex(colour: Colour) -> str:
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _deepened(colour: Colour) -> Colour:
    """As much darker as it takes to stand out on white."""
    for percent in range(100, 0, -1):
        blue, green, red = (round(percent / 100 * value) for value in colour)
        if 1.05 / (_luminance((blue, green, red)) + 0.05) >= _CONTRAST:
            break
    return blue, green, red


def _luminance(colour: Colour) -> float:
    """Relative luminance, 0..1, as WCAG 2.2 defines it."""
    shares = (value / 255 for value in colour)
    blue, green, red = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
