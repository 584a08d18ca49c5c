"""Steps taken on a machine that is tested, commands inside it, and what must come of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

SHOW = "systemctl show emotion-edge --value --property"


class Machine(Protocol):
    """A container or a virtual machine."""

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A line of shell inside, as root."""


M = TypeVar("M", bound=Machine)


def take(steps: Sequence[Callable[[M], str | None]], machine: M) -> int:
    """One after the other until one fails, with a line for each. The exit code."""
    for passed, step in enumerate(steps):
        began, name = time.monotonic(), step.__name__.replace("_", " ")
        try:
            told = step(machine)
        except AssertionError as err:
            print(f"FAILED  {name}: {err}\n{passed} passed, 1 failed")
            return 1
        print(f"ok  {name} ({time.monotonic() - began:.0f} s){f': {told.strip()}' if told else ''}", flush=True)
    print(f"{len(steps)} passed, 0 failed")
    return 0


def expect(box: Machine, command: str, code: int = 0, **environment: str) -> str:
    """Standard output and error of a command that ends with this code."""
    done = box.run(command, **environment)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{command} ended with {done.returncode}:\n{said}"
    return said


def shown(box: Machine, name: str) -> str:
    return expect(box, f"{SHOW}={name}").strip()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


def wait_for_restart(box: Machine, pid: str) -> None:
    wait_for(lambda: shown(box, "ActiveState") == "active" and shown(box, "MainPID") not in ("0", pid))


def release(box: Machine) -> str:
    return expect(box, "readlink /opt/emotion-edge/current").strip()


def settings(box: Machine, name: str, text: str) -> str:
    """A configuration file inside."""
    path = f"/srv/{name}.toml"
    expect(box, f"cat >{path} <<'END'\n{text}END")
    return path
