"""The files of the page: the overlay's colours, and nothing from elsewhere."""

from __future__ import annotations

import re

from tests.web.visitor import ask


def test_the_colours_on_the_page_are_the_overlays(web):
    from edge.overlay.ink import PALETTE
    from edge.overlay.svg import _CONTRAST, _deepened, _luminance

    sheet = ask(web, "/page.css")[2]
    for number, (blue, green, red) in enumerate(PALETTE):
        assert f".face-{number}{{--face:#{red:02x}{green:02x}{blue:02x}" in sheet
        assert 1.05 / (_luminance(_deepened((blue, green, red))) + 0.05) >= _CONTRAST
    assert f'data-colours="{len(PALETTE)}"' in ask(web)[2]


def test_the_page_needs_nothing_from_elsewhere(web):
    for address in ("/", "/page.js", "/page.css", "/icon.svg"):
        text = ask(web, address)[2].replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]+|@import|url\(", text)
