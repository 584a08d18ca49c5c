"""A file in which events wait for the broker across a restart."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.sinks.mqtt.event_queue import Numbered

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 0.2


class Spool:
    """Mirrors the queue of events. Every `save` that changes something is one transaction: SD cards wear.

    A file that is damaged is set aside, with `.damaged` at the end of its name. Where a file cannot be used at all,
    that is said once and events are kept in memory only, until the next `open`.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._database: sqlite3.Connection | None = None
        self._saved: set[int] = set()

    def open(self) -> list[Numbered]:
        """Take the file and return the events in it, in order."""
        try:
            return self._load()
        except (sqlite3.OperationalError, OSError) as err:
            self._give_up(err)
        except (sqlite3.DatabaseError, TypeError, ValueError) as err:  # the last two: entries that are no JSON
            self._set_aside(err)
        return []

    def save(self, events: Sequence[Numbered]) -> bool:
        """Make the file hold exactly these events. Returns whether it does."""
        if self._database is None:
            return False
        now = dict(events)
        gone, new = self._saved - now.keys(), sorted(now.keys() - self._saved)
        if not (gone or new):
            return True
        try:
            with self._database:
                self._database.executemany("DELETE FROM events WHERE number = ?", [(number,) for number in gone])
                rows = [(number, json.dumps(now[number])) for number in new]
                self._database.executemany("INSERT INTO events VALUES (?, ?)", rows)
        except sqlite3.Error as err:
            self._give_up(err)
            return False
        self._saved = set(now)
        return True

    def close(self) -> None:
        database, self._database = self._database, None
        self._saved = set()
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _load(self) -> list[Numbered]:
        # Who was seen when is nobody else's business.
        self._path.touch(mode=0o600)
        self._database = sqlite3.connect(self._path, timeout=_PATIENCE_S)
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, event TEXT NOT NULL)"
            )
        rows = self._database.execute("SELECT number, event FROM events ORDER BY number").fetchall()
        events = [(number, json.loads(event)) for number, event in rows]
        if not all(isinstance(event, dict) for _, event in events):
            raise ValueError("an entry is not an event")
        self._saved = {number for number, _ in events}
        return events

    def _set_aside(self, err: Exception) -> None:
        self.close()
        aside = self._path.with_name(f"{self._path.name}.damaged")
        log.warning(
            "mqtt: spool %s is damaged (%s); it is now %s, its events are not sent", self._path, err, aside.name
        )
        try:
            self._path.replace(aside)
            # SQLite would play the journal of the damaged file back into the new one.
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
            self._load()
        except (sqlite3.Error, OSError) as again:
            self._give_up(again)

    def _give_up(self, err: Exception) -> None:
        self.close()
        log.warning("mqtt: spool %s: %s; events are kept in memory only", self._path, err)
