"""How the service is doing, for `emotion-edge status`, in systemd's folder for it under /run: memory, not the SD card.

The folder outlasts a restart, so the next run knows how often it was started again, and what went wrong before.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from edge.lines import SCHEMA, health_line
from edge.types import Status

NAME: Final = "status.json"
FOLDER_VARIABLE: Final = "RUNTIME_DIRECTORY"
"""Set by systemd's RuntimeDirectory=; see systemd.exec(5)."""

_LONGEST_ERROR = 300


class StatusFile(logging.Handler):
    """Also hears warnings and errors of the whole program. Without systemd's folder it only keeps the last one in mind.

    restarts: starts after a run that was not asked to end. last_error: with its time; None where there was none.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        folder = os.environ.get(FOLDER_VARIABLE)
        self._path = Path(folder, NAME) if folder else None
        before = read(self._path) if self._path else {}
        last_error = before.get("last_error")
        self.last_error = last_error if isinstance(last_error, str) else None
        self.restarts = _count(before) + 1 if before.get("state") not in (None, "stopped") else 0

    def open(self) -> None:
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.failed(record.getMessage())

    def failed(self, said: str) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds").removesuffix("+00:00")
        self.last_error = f"{now}Z {said}"[:_LONGEST_ERROR]

    def write(self, status: Status, faces: int) -> None:
        """faces: in the newest frame."""
        self._put({**health_line(status), "faces": faces})

    def stopped(self) -> None:
        """As asked."""
        self._put({"schema": SCHEMA, "state": "stopped", "last_error": self.last_error})

    def ended(self, said: str) -> None:
        """By an error."""
        self.failed(said)
        self._put({"schema": SCHEMA, "state": "failed", "restarts": self.restarts, "last_error": self.last_error})

    def close(self) -> None:
        logging.getLogger().removeHandler(self)
        super().close()

    def _put(self, line: dict[str, Any]) -> None:
        if self._path is None:
            return
        unfinished = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):  # the daemon's work does not depend on it
            unfinished.write_text(json.dumps(line) + "\n", encoding="utf-8")
            unfinished.chmod(0o644)
            unfinished.replace(self._path)


def _count(line: dict[str, Any]) -> int:
    restarts = line.get("restarts")
    return restarts if isinstance(restarts, int) else 0


def read(path: Path) -> dict[str, Any]:
    """Empty where there is none, or none that can be read."""
    try:
        line = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) and line.get("schema") == SCHEMA else {}
