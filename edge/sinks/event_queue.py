"""Events on their way to a broker that may be away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

IN_FLIGHT: Final = 100
"""So many events may be handed to the network library and not yet be acknowledged."""


class EventQueue:
    """Holds every event until the broker has acknowledged it, in order. When full, the oldest waiting one goes.

    Delivery is at least once: after a lost connection, what was not acknowledged is sent again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[dict[str, Any]] = deque()
        self._sent: dict[int, dict[str, Any]] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    def add(self, event: dict[str, Any]) -> None:
        self._waiting.append(event)
        self._drop_surplus()

    def send(self, publish: Callable[[dict[str, Any]], int]) -> None:
        """publish: hands one event over and returns its message id."""
        while self._waiting and len(self._sent) < IN_FLIGHT:
            event = self._waiting.popleft()
            self._sent[publish(event)] = event

    def acknowledge(self, message_id: int) -> None:
        """Unknown ids are ignored: they are of other messages, or of a connection that is gone."""
        self._sent.pop(message_id, None)

    def start_again(self) -> int:
        """After a new connection: all that is here is late and goes first. Returns how many."""
        self._waiting = deque({**event, "late": True} for event in (*self._sent.values(), *self._waiting))
        self._sent = {}
        self._drop_surplus()
        return len(self._waiting)

    def _drop_surplus(self) -> None:
        while len(self._waiting) > self._limit:
            self._waiting.popleft()
            self.dropped += 1
