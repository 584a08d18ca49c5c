"""Where results go. Each sink is one file; the table at the end names them."""

from __future__ import annotations

from typing import Protocol

from edge.types import Result, Status


class Sink(Protocol):
    """One output. The constructor only stores settings; every call returns at once or drops and counts.

    Whatever a sink raises, the daemon logs once, closes it and opens it again later; the others are not disturbed.
    """

    name: str

    def open(self) -> None:
        """Take the screen, file or connection. Raises SinkError."""

    def show(self, result: Result) -> None:
        """One new result."""

    def status(self, status: Status) -> None:
        """How the daemon is doing: at every change and about once a second, also while there are no results."""

    def close(self) -> None:
        """Give everything back. May be called twice, and before open."""
