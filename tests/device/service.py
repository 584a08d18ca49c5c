"""The service's whole life in a booted systemd: installed, killed, stopped, upgraded, bundled, removed.

    sudo python tests/device/service.py [FOLDER]

FOLDER keeps the fresh Debian for the next time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from container import Container

ROOT = Path(__file__).parents[2]
PROJECT = "/root/project"
SETUP = f"{PROJECT}/setup.sh"
SHOW = "systemctl show emotion-edge --value --property"
# What a running system writes by itself.
PASSING = "/(proc|sys|dev|run|tmp|root|var/(log|tmp|cache|lib/systemd))/.*"
EVERYTHING = f"find / -xdev -regextype egrep -regex '{PASSING}' -prune -o -print"


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/var/tmp/emotion-edge-device")
    passed = 0
    with Container(folder) as box:
        copy_project(box)
        box.before = state_of(box)
        for step in STEPS:
            started = time.monotonic()
            try:
                step(box)
            except AssertionError as err:
                print(f"FAILED  {step.__name__.replace('_', ' ')}: {err}\n{passed} passed, 1 failed")
                return 1
            passed += 1
            print(f"ok  {step.__name__.replace('_', ' ')} ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{passed} passed, 0 failed")
    return 0


def copy_project(box: Container) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            box.put(ROOT / name, f"{PROJECT}/{name}")


def state_of(box: Container) -> set[str]:
    """Every file, user and group."""
    return set(expect(box, f"{EVERYTHING}; cat /etc/passwd /etc/group").splitlines())


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


def it_is_installed_and_works(box: Container) -> None:
    wanted = settings(box, "wanted", '[camera]\nsource = "demo"\n')
    said = expect(box, f"{SETUP} install --config {wanted}")
    print(said)
    assert "ok       camera" in said
    wait_for(lambda: "1 face" in shown(box, "StatusText"))
    assert "frames/s, 1 face" in expect(box, "emotion-edge status")
    assert expect(box, "ps -o user= -p $(" + SHOW + "=MainPID)").strip() == "emotion-edge"
    assert expect(box, "stat -c %U /var/lib/emotion-edge").strip() == "emotion-edge"


def the_unit_is_clean_and_closed(box: Container) -> None:
    assert expect(box, "systemd-analyze verify emotion-edge.service") == ""
    expect(box, "systemd-analyze security --threshold=15 emotion-edge.service")


def killed_it_is_started_again(box: Container) -> None:
    pid = shown(box, "MainPID")
    expect(box, f"kill -9 {pid}")
    wait_for_restart(box, pid)


def stopped_dead_the_watchdog_starts_it_again(box: Container) -> None:
    drop_in = "/run/systemd/system/emotion-edge.service.d"
    expect(box, f"mkdir -p {drop_in}; printf '[Service]\\nWatchdogSec=8\\n' >{drop_in}/quick.conf")
    expect(box, "systemctl daemon-reload; systemctl restart emotion-edge")
    time.sleep(20)
    assert shown(box, "NRestarts") == "0", "it is not fed often enough"
    pid = shown(box, "MainPID")
    expect(box, f"kill -STOP {pid}")
    wait_for_restart(box, pid)
    assert "Watchdog timeout" in expect(box, "journalctl -u emotion-edge")
    expect(box, f"rm -r {drop_in}; systemctl daemon-reload; systemctl restart emotion-edge")


def a_wrong_configuration_is_not_tried_again(box: Container) -> None:
    expect(box, "cd /etc/emotion-edge; cp config.toml kept; echo '[camera' >config.toml")
    expect(box, "systemctl restart emotion-edge", code=1)
    time.sleep(3)
    assert (shown(box, "ActiveState"), shown(box, "ExecMainStatus")) == ("failed", "78")
    assert "settings" in expect(box, "emotion-edge doctor", code=1)
    expect(box, "cd /etc/emotion-edge; mv kept config.toml; systemctl restart emotion-edge")


def settings_it_does_not_start_with_are_taken_back(box: Container) -> None:
    unplugged = settings(box, "unplugged", '[camera]\nsource = "v4l2:/dev/video9"\n')
    said = expect(box, f"{SETUP} install --config {unplugged}", code=1)
    assert "all is as before: emotion-edge: v4l2:/dev/video9: there is no such device" in said, said
    assert shown(box, "ActiveState") == "active"
    assert "demo" in expect(box, "cat /etc/emotion-edge/config.toml")


def a_broken_version_leaves_the_old_one_running(box: Container) -> None:
    pid, old = shown(box, "MainPID"), release(box)
    expect(box, f"cp {PROJECT}/edge/daemon.py /root; echo 'raise ImportError(1)' >>{PROJECT}/edge/daemon.py")
    assert "do not load here" in expect(box, f"{SETUP} install", code=1)
    assert (shown(box, "MainPID"), release(box)) == (pid, old)
    expect(box, f"mv /root/daemon.py {PROJECT}/edge/daemon.py")


def an_upgrade_keeps_the_settings(box: Container) -> None:
    old = release(box)
    expect(box, f"sed -i 's/^__version__.*/__version__ = \"9.9.9\"/' {PROJECT}/edge/__init__.py")
    expect(box, f"{SETUP} install")
    assert old != release(box)
    assert release(box).startswith("releases/9.9.9-")
    assert expect(box, "ls /opt/emotion-edge/releases").split() == [release(box).removeprefix("releases/")]
    assert "emotion-edge 9.9.9" in expect(box, "emotion-edge --version")
    assert "demo" in expect(box, "cat /etc/emotion-edge/config.toml")
    assert shown(box, "ActiveState") == "active"


def from_a_bundle_it_is_installed_without_a_network(box: Container) -> None:
    expect(box, f"{SETUP} bundle /root/bundle")
    expect(box, f"{SETUP} uninstall")
    assert expect(box, "ls /etc/emotion-edge; ls -d /var/lib/emotion-edge").split()[0] == "config.toml"
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": ""}
    expect(box, "/root/bundle/setup.sh install", **nowhere)
    assert "demo" in shown(box, "StatusText")


def it_is_removed_without_a_trace(box: Container) -> None:
    expect(box, f"{SETUP} uninstall --purge")
    assert shown(box, "LoadState") == "not-found"
    assert state_of(box) == box.before, sorted(state_of(box) ^ box.before)


STEPS = [
    it_is_installed_and_works,
    the_unit_is_clean_and_closed,
    killed_it_is_started_again,
    stopped_dead_the_watchdog_starts_it_again,
    a_wrong_configuration_is_not_tried_again,
    settings_it_does_not_start_with_are_taken_back,
    a_broken_version_leaves_the_old_one_running,
    an_upgrade_keeps_the_settings,
    from_a_bundle_it_is_installed_without_a_network,
    it_is_removed_without_a_trace,
]

if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this needs root: it makes and boots a container")
    sys.exit(main())
