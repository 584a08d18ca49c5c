"""The folder of model updates, changed in steps between any two of which the power may go.

One rename makes a version active, and the version itself remembers what it replaced. So whatever is cut off, a whole
model runs: the old one, until that rename has happened.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from edge.emotion.bundle import GOLDEN, Bundle
from edge.emotion.card import load_verified
from edge.emotion.updates import ACTIVE, LOCK, TRIAL, linked
from edge.errors import EdgeError, ModelError
from edge.model_store import durable

log = logging.getLogger(__name__)

REPLACES = "replaces"
"""File in a version's folder: the version that ran before it; empty for the shipped model."""

PATIENCE_S = 2.0
"""A daemon that starts looks at the lock for a moment."""


class Store:
    """folder: see `edge.emotion.updates`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes anything, and trials count. Clears away what an interrupted installation left."""
        self._make()
        lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            os.fchmod(lock, 0o644)
            self._take(lock)
            for name in self.names():
                self._clear(name)
            yield
        finally:
            os.close(lock)

    def names(self) -> list[str]:
        """Of the models that have been updated."""
        return sorted(path.name for path in self._folder.glob("[!.]*") if path.is_dir())

    def versions(self, name: str) -> list[str]:
        """The whole ones."""
        return sorted(
            path.name for path in self._folder.glob(f"{name}/[!.]*") if path.is_dir() and not path.is_symlink()
        )

    def active(self, name: str) -> str | None:
        return linked(self._folder / name / ACTIVE)

    def predecessor(self, name: str, version: str) -> str | None:
        """What ran before that version; None: the shipped model, or a version that is no longer here."""
        before = self._noted(name, version)
        return before if before in self.versions(name) else None

    def keeps(self, bundle: Bundle) -> bool:
        """Whether this version is here, whole. Raises ModelError where another model has its name."""
        whole = self._folder / bundle.name / bundle.version
        try:
            card = load_verified(whole / f"{bundle.name}.tflite")[1]
        except ModelError:
            return False
        if card != bundle.card:
            raise ModelError(
                f"another model is kept as {bundle.name} {bundle.version}: give the new one another version"
            )
        try:
            return (whole / GOLDEN).read_bytes() == bundle.golden
        except OSError:
            return False

    def add(self, bundle: Bundle) -> Path:
        """Make a version ready for its trial, out of sight, and return its model. A kept version stays as it is.

        Raises ModelError where another model has its name.
        """
        home = self._folder / bundle.name
        model = f"{bundle.name}.tflite"
        if self.keeps(bundle):
            return home / bundle.version / model
        if not home.is_dir():
            durable.make_folder(home)
        part = _part(home, bundle.version)
        durable.make_folder(part)
        for file, content in bundle.files().items():
            durable.write_file(part / file, content)
        durable.write_file(part / REPLACES, self._before(bundle.name, bundle.version).encode())
        durable.sync_folder(part)
        return part / model

    def start_trial(self, name: str, version: str) -> None:
        """From here it is what a daemon that starts will find, until the lock is let go."""
        home = self._folder / name
        part = _part(home, version)
        if part.is_dir():
            self._disown(name, version)
            if (home / version).is_dir():
                durable.remove_folder(home / version)
            durable.rename(part, home / version)
        else:
            self._note(name, version, self._before(name, version))
        durable.link(home / TRIAL, version)

    def end_trial(self, name: str) -> None:
        """The version active before counts again; the other is removed."""
        durable.remove_link(self._folder / name / TRIAL)
        self._tidy(name)

    def confirm_trial(self, name: str) -> None:
        """The trial has become the active version."""
        home = self._folder / name
        os.rename(home / TRIAL, home / ACTIVE)
        self._tidy(name, synced=home)

    def roll_back(self, name: str) -> str | None:
        """To what the active version replaced; returns it, None for the shipped model. Raises EdgeError."""
        current = self.active(name)
        if current is None:
            raise EdgeError(f"{name} has no update: there is nothing to go back to")
        before = self.predecessor(name, current)
        if before is None:
            durable.remove_link(self._folder / name / ACTIVE)
        else:
            durable.link(self._folder / name / ACTIVE, before)
        self._tidy(name, without=current)
        return before

    def _before(self, name: str, version: str) -> str:
        """What that version replaces, when it becomes active; empty: the shipped model."""
        before = self.active(name)
        if before == version:  # again, for it is damaged; so may be what it replaced
            before = self.predecessor(name, version)
            return before if before and self._is_whole(name, before) else ""
        return before or ""

    def _disown(self, name: str, version: str) -> None:
        """No link and no note leads to this version: what gets its name now counts only after its trial."""
        if self.active(name) == version:
            if before := self._before(name, version):
                durable.link(self._folder / name / ACTIVE, before)
            else:
                durable.remove_link(self._folder / name / ACTIVE)
        active = self.active(name)
        if active and self._noted(name, active) == version:
            self._note(name, active, "")

    def _noted(self, name: str, version: str) -> str:
        """What that version replaces, be it here or not; empty: the shipped model."""
        try:
            return (self._folder / name / version / REPLACES).read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def _note(self, name: str, version: str, before: str) -> None:
        home = self._folder / name
        if self._noted(name, version) == before:
            return
        unfinished = home / f".{REPLACES}"
        durable.write_file(unfinished, before.encode())
        durable.rename(unfinished, home / version / REPLACES)

    def _is_whole(self, name: str, version: str) -> bool:
        try:
            load_verified(self._folder / name / version / f"{name}.tflite")
        except ModelError:
            return False
        return True

    def _tidy(self, name: str, without: str | None = None, synced: Path | None = None) -> None:
        """After the change that counts, which no failure here makes undone; what is left is cleared the next time.

        synced: the folder of that change, where it has not reached the disk.
        """
        try:
            if synced:
                durable.sync_folder(synced)
            self._clear(name, without)
        except OSError as err:
            log.warning("%s cannot be tidied: %s; the next installation tries again", self._folder / name, err.strerror)

    def _clear(self, name: str, without: str | None = None) -> None:
        """Remove everything but the active version and the one before it; without: this version goes, too."""
        home = self._folder / name
        if not home.is_dir():
            return
        durable.remove_link(home / TRIAL)
        active = self.active(name)
        wanted = {active, self.predecessor(name, active)} - {without} if active else set()
        for path in home.iterdir():
            if path.is_symlink() or not path.is_dir():
                if path.name != ACTIVE:
                    durable.remove_link(path)
            elif path.name not in wanted:
                durable.remove_folder(path)

    def _make(self) -> None:
        """Refuses a folder in which others could put links in our way."""
        for_root = f"only root may change {self._folder}: put sudo before the command"
        try:
            if not self._folder.is_dir():
                durable.make_folder(self._folder)
            owner = os.lstat(self._folder).st_uid
        except PermissionError as err:
            raise EdgeError(for_root) from err
        except OSError as err:
            raise EdgeError(f"cannot make {self._folder}: {err.strerror}; sudo ./setup.sh install makes it") from err
        if owner != os.geteuid():
            meddler = f"{self._folder} belongs to another user (number {owner}), who could change it meanwhile"
            raise EdgeError(meddler if owner else for_root)

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EdgeError("another model is being installed; wait until that is done") from None
                time.sleep(0.05)


def _part(home: Path, version: str) -> Path:
    """A version that is not there yet; no version's name begins with a dot."""
    return home / f".{version}.part"
