"""Events on their way to a broker that may be away."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

IN_FLIGHT: Final = 100
"""So many events may be handed to the network library and not yet be acknowledged."""

Numbered = tuple[int, dict[str, Any]]
"""An event with its number, which rises from event to event."""


class EventQueue:
    """Holds every event until the broker has acknowledged it, in order. When full, the oldest waiting one goes.

    Delivery is at least once: after a lost connection, what was not acknowledged is sent again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Numbered] = deque()
        self._sent: dict[int, Numbered] = {}
        self._next = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    def add(self, event: dict[str, Any]) -> None:
        self._waiting.append((self._next, event))
        self._next += 1
        self._drop_surplus()

    def unsent(self) -> list[Numbered]:
        """Every event that the broker has not acknowledged, in order."""
        return [*self._sent.values(), *self._waiting]

    def restore(self, events: Iterable[Numbered]) -> None:
        """Take back what an earlier run could not send. What is here already, by its number, stays as it is."""
        kept = dict(events) | dict(self.unsent())
        self._waiting, self._sent = deque(sorted(kept.items())), {}
        self._next = max([self._next, *(number + 1 for number in kept)])
        self._drop_surplus()

    def send(self, publish: Callable[[dict[str, Any]], int]) -> None:
        """publish: hands one event over and returns its message id."""
        while self._waiting and len(self._sent) < IN_FLIGHT:
            number, event = self._waiting.popleft()
            self._sent[publish(event)] = (number, event)

    def acknowledge(self, message_id: int) -> None:
        """Unknown ids are ignored: they are of other messages, or of a connection that is gone."""
        self._sent.pop(message_id, None)

    def start_again(self) -> int:
        """After a new connection: all that is here is late and goes first. Returns how many."""
        self._waiting = deque((number, {**event, "late": True}) for number, event in self.unsent())
        self._sent = {}
        self._drop_surplus()
        return len(self._waiting)

    def _drop_surplus(self) -> None:
        while len(self._waiting) > self._limit:
            self._waiting.popleft()
            self.dropped += 1
