"""File operations that have reached the disk when they return, readable by every user whatever the umask."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def make_folder(path: Path) -> None:
    os.mkdir(path)
    os.chmod(path, 0o755)  # noqa: S103 the service reads it, and cannot write
    sync_folder(path.parent)


def write_file(path: Path, content: bytes) -> None:
    """A new file; its name lasts once its folder is synced, too."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def rename(old: Path, new: Path) -> None:
    """What had the new name is gone. From another folder, the old name may come back with a power cut."""
    os.rename(old, new)
    sync_folder(new.parent)


def link(path: Path, target: str) -> None:
    """A symbolic link under this name, at one blow: the name never stands for nothing or half a link."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    os.symlink(target, unfinished)
    rename(unfinished, path)


def remove_link(path: Path) -> None:
    """Which may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """First out of sight: a folder under its right name is always whole."""
    if path.name.startswith("."):
        shutil.rmtree(path)
        return
    hidden = path.with_name(f".{path.name}.gone")
    shutil.rmtree(hidden, ignore_errors=True)
    rename(path, hidden)
    shutil.rmtree(hidden)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
