"""Where frames come from. `open_camera(name)` looks the name up in the table; each camera is one file."""

from __future__ import annotations

from typing import Protocol

from edge.types import Frame


class Camera(Protocol):
    """One source of frames. The constructor only stores settings.

    name: what status and JSON call the source.
    live: frames come when they come and the newest wins; otherwise every frame is read, and `read` sets the pace.
    """

    name: str
    live: bool

    def open(self) -> None:
        """Take the device or file. Raises CameraError (live) or SourceError (files)."""

    def read(self) -> Frame | None:
        """The next frame, or None where a file ends. Raises CameraError when a live camera stops delivering."""

    def close(self) -> None:
        """Give everything back. May be called twice, and before open."""
