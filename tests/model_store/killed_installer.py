"""Changes a store like `emotion-edge model` does, again and again, and dies before and after each change of the disk.

    python -m tests.model_store.killed_installer STORE BUNDLE|rollback OUT

OUT/1, OUT/2 and so on are what each death left; the last one came to the end. Dying, it takes back what the disk need
not have kept yet: the contents of files that were not synced.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.emotion.bundle import read_bundle
from edge.model_store.store import Store

CHANGES = ("open", "fsync", "mkdir", "rename", "symlink", "unlink", "rmdir", "chmod", "fchmod")


class Disk:
    """Counts the changes, and loses power at one of them."""

    def __init__(self, ends_at: int) -> None:
        self._ends_at = ends_at
        self._count = 0
        self._unsynced: dict[int, str] = {}

    def watch(self) -> None:
        for name in CHANGES:
            setattr(os, name, self._counted(name, getattr(os, name)))

    def _counted(self, name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & os.O_CREAT:
                return change(*arguments, **options)
            self._step()
            # What a sync is for is known here, and a busy disk would make this slow.
            done = None if name == "fsync" else change(*arguments, **options)
            if name == "open":
                self._unsynced[done] = os.fspath(arguments[0])
            if name == "fsync":
                self._unsynced.pop(arguments[0], None)
            self._step()
            return done

        return counted

    def _step(self) -> None:
        self._count += 1
        if self._count == self._ends_at:
            for path in self._unsynced.values():
                if os.path.getsize(path):
                    os.truncate(path, 0)
            os.kill(os.getpid(), signal.SIGKILL)


def change(folder: Path, what: str) -> None:
    store = Store(folder)
    with store.locked():
        if what == "rollback":
            store.roll_back("emotion")
        else:
            bundle = read_bundle(Path(what).read_bytes())
            store.add(bundle)
            store.start_trial(bundle.name, bundle.version)
            store.confirm_trial(bundle.name)


def came_to_the_end(folder: Path, what: str, ends_at: int) -> bool:
    child = os.fork()
    if child == 0:
        Disk(ends_at).watch()
        change(folder, what)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def main() -> None:
    store, what, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    for ends_at in range(1, 1000):
        folder = out / str(ends_at)
        shutil.copytree(store, folder, symlinks=True)
        if came_to_the_end(folder, what, ends_at):
            return


if __name__ == "__main__":
    main()
