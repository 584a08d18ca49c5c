"""Commands inside the container, and what must come of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from container import Container

SHOW = "systemctl show emotion-edge --value --property"


def expect(box: Container, command: str, code: int = 0, **environment: str) -> str:
    """Standard output and error of a command that ends with this code."""
    done = box.run(command, **environment)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{command} ended with {done.returncode}:\n{said}"
    return said


def shown(box: Container, name: str) -> str:
    return expect(box, f"{SHOW}={name}").strip()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


def wait_for_restart(box: Container, pid: str) -> None:
    wait_for(lambda: shown(box, "ActiveState") == "active" and shown(box, "MainPID") not in ("0", pid))


def release(box: Container) -> str:
    return expect(box, "readlink /opt/emotion-edge/current").strip()


def settings(box: Container, name: str, text: str) -> str:
    path = f"/root/{name}.toml"
    (box.root / path.lstrip("/")).write_text(text, encoding="utf-8")
    return path
