"""Face pictures, one folder an emotion, where only their owner may look, and never more or older than allowed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections import deque
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from edge.emotion.labels import LABELS
from edge.errors import SinkError

_NAME: Final = re.compile(r"\d{8}T\d{6}\.\d{3}Z_\d+\.png")
"""UTC to the millisecond, and the person's id. In the order of their names, the oldest come first."""

_BLOCK: Final = 4096
"""Bytes. A file takes whole blocks of the disk."""


class FaceStore:
    """Counts and deletes only files in its own folders that are called as it calls them."""

    def __init__(self, folder: Path, most_bytes: int, most_days: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._most_age = timedelta(days=most_days)
        self._kept: deque[tuple[str, str, int]] = deque()
        """Name, emotion and bytes, the oldest first."""
        self._bytes = 0

    def open(self) -> None:
        """Make the folder, or count what is in it. Raises SinkError."""
        try:
            _make_private(self._folder)
            found = [self._counted(label, entry) for label in LABELS for entry in self._pictures(label)]
        except OSError as err:
            raise SinkError(f"{self._folder}: cannot be used for faces: {err.strerror}") from err
        self._kept = deque(sorted(found))
        self._bytes = sum(size for _, _, size in found)

    def add(self, picture: bytes, label: str, wall: float, person: int) -> None:
        """Save one PNG under its emotion and its time (Unix seconds). Raises SinkError, and leaves no half file."""
        name = f"{_stamp(datetime.fromtimestamp(wall, timezone.utc))}_{person}.png"
        path = self._folder / label / name
        try:
            _make_private(path.parent)
            _write_new(path, picture)
        except FileExistsError:
            return
        except OSError as err:
            raise SinkError(f"{path}: cannot be written: {err.strerror}") from err
        self._kept.append((name, label, _on_disk(len(picture))))
        self._bytes += _on_disk(len(picture))

    def prune(self, wall: float) -> None:
        """Delete the oldest, until the rest is small and young enough. wall: Unix seconds of now. Raises SinkError."""
        oldest = _stamp(datetime.fromtimestamp(wall, timezone.utc) - self._most_age)
        while self._kept and (self._bytes > self._most_bytes or self._kept[0][0] < oldest):
            name, label, size = self._kept.popleft()
            self._bytes -= size
            try:
                (self._folder / label / name).unlink(missing_ok=True)
            except OSError as err:
                raise SinkError(f"{self._folder / label}: cannot delete old faces: {err.strerror}") from err

    def _pictures(self, label: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._folder / label) as entries:
                return [one for one in entries if _NAME.fullmatch(one.name) and one.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            return []

    def _counted(self, label: str, entry: os.DirEntry[str]) -> tuple[str, str, int]:
        return entry.name, label, _on_disk(entry.stat(follow_symlinks=False).st_size)


def _make_private(folder: Path) -> None:
    """Make a folder that only this user may enter. Raises SinkError where there is one that others may enter."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    info = folder.stat()
    if not stat.S_ISDIR(info.st_mode):
        raise SinkError(f"{folder}: is not a folder; choose another one for the faces")
    if stat.S_IMODE(info.st_mode) & 0o077 or info.st_uid != os.geteuid():
        raise SinkError(f"{folder}: others may look into it; choose another folder, or: chmod 700 {folder}")


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except OSError:
        path.unlink()
        raise


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%S.") + f"{moment.microsecond // 1000:03}Z"


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
