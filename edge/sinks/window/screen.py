"""Where the picture goes and keys come from."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from edge.types import Image

Key = Literal["quit", "pause", "bars", "fullscreen"]

CONSOLE_PIXELS: Final = 1280 * 800
"""More is not drawn on the console: a Pi would need longer than a frame, and the picture can be enlarged."""


class Screen(Protocol):
    """An open screen; who opened it closes it. What is connected behind it may change size at any time."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures it wants, in pixels."""

    def present(self, picture: Image) -> None:
        """Show an (H, W, 3) BGR picture of its size. Raises SinkError when the screen is gone."""

    def take_keys(self) -> list[Key]:
        """What was asked for since the last call."""

    def switch_fullscreen(self) -> None:
        """Only a desktop can."""

    def close(self) -> None:
        """Give the screen back. May be called twice."""
