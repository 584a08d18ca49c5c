"""The service's whole life in a booted systemd: installed, killed, stopped, upgraded, bundled, removed.

    sudo .venv-test/bin/python tests/device/service.py [--suite trixie|bookworm|jammy] [FOLDER]

FOLDER keeps the fresh system for the next time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[2]))
from container import Container
from model_updates import MODEL_STEPS, running
from watching import expect, release, settings, shown, take, wait_for, wait_for_restart

ROOT = Path(__file__).parents[2]
PROJECT = "/srv/project"
SETUP = f"{PROJECT}/setup.sh"
# What a running system writes by itself.
PASSING = "/(proc|sys|dev|run|tmp|root|srv|var/(log|tmp|cache|lib/systemd))/.*"
WATCHED_FOR_WRITES_S = 180
EVERYTHING = f"find / -xdev -regextype egrep -regex '{PASSING}' -prune -o -print"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("/var/tmp/emotion-edge-device"))
    parser.add_argument("--suite", default="trixie", help="of Debian or Ubuntu: trixie, bookworm, jammy")
    options = parser.parse_args()
    with Container(options.folder, options.suite) as box:
        copy_project(box)
        box.before = state_of(box)
        return take(STEPS, box)


def copy_project(box: Container) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            box.put(ROOT / name, f"{PROJECT}/{name}")


def state_of(box: Container) -> set[str]:
    """Every file, user and group."""
    return set(expect(box, f"{EVERYTHING}; cat /etc/passwd /etc/group").splitlines())


def it_is_installed_and_works(box: Container) -> None:
    wanted = settings(box, "wanted", '[camera]\nsource = "demo"\n')
    said = expect(box, f"{SETUP} install --config {wanted}")
    print(said)
    assert "ok       camera" in said
    wait_for(lambda: "1 face" in shown(box, "StatusText"))
    assert "frames/s, 1 face" in expect(box, "emotion-edge status")
    assert expect(box, f"ps -o user= -p {shown(box, 'MainPID')}").strip() == "emotion-edge"
    assert expect(box, "stat -c %U /var/lib/emotion-edge /var/lib/emotion-edge/models").split() == [
        "emotion-edge",
        "root",
    ]


def the_unit_is_clean_and_closed(box: Container) -> None:
    said = expect(box, "systemd-analyze verify emotion-edge.service")  # Ubuntu's has something to say of its own units
    assert "emotion-edge" not in said, said
    if "--threshold" in expect(box, "systemd-analyze --help"):  # from systemd 250 on
        expect(box, "systemd-analyze security --threshold=15 emotion-edge.service")


def it_writes_nothing_to_the_disk(box: Container) -> None:
    pid, began = shown(box, "MainPID"), int(time.time())
    count = f"sed -n 's/^write_bytes: //p' /proc/{pid}/io"
    before = expect(box, count)
    time.sleep(WATCHED_FOR_WRITES_S)
    assert expect(box, count) == before, f"{before} bytes were {expect(box, count)} after {WATCHED_FOR_WRITES_S} s"
    logged = expect(box, f"journalctl -q -u emotion-edge --since @{began} -o cat").splitlines()
    assert len(logged) <= 1 + WATCHED_FOR_WRITES_S // 60, logged


def the_doctor_names_what_is_wrong(box: Container) -> None:
    wrong = '[camera]\nsource = "v4l2:/dev/video9"\n[mqtt]\nenabled = true\nport = 9\n[oled]\nenabled = true\n'
    said = expect(box, f"emotion-edge doctor --config {settings(box, 'wrong', wrong)}", code=1)
    print(said)
    for line in ("failed   camera", "failed   broker", "failed   small display"):
        assert line in said, f"no line {line!r} in:\n{said}"
    assert "sudo" in expect(box, "su -s /bin/sh nobody -c '/usr/local/bin/emotion-edge doctor'", code=1)


def killed_it_is_started_again(box: Container) -> None:
    pid = shown(box, "MainPID")
    expect(box, f"kill -9 {pid}")
    wait_for_restart(box, pid)
    wait_for(lambda: '"restarts": 1' in expect(box, "cat /run/emotion-edge/status.json"))
    assert "started again once" in expect(box, "emotion-edge status")


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
    expect(box, "cd /etc/emotion-edge; cp -p config.toml kept; echo '[camera' >config.toml")
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
    expect(box, f"cp {PROJECT}/edge/daemon.py /srv; echo 'raise ImportError(1)' >>{PROJECT}/edge/daemon.py")
    assert "do not load here" in expect(box, f"{SETUP} install", code=1)
    assert (shown(box, "MainPID"), release(box)) == (pid, old)
    expect(box, f"mv /srv/daemon.py {PROJECT}/edge/daemon.py")


def an_upgrade_keeps_settings_and_model(box: Container) -> None:
    old = release(box)
    expect(box, f"sed -i 's/^__version__.*/__version__ = \"9.9.9\"/' {PROJECT}/edge/__init__.py")
    expect(box, f"{SETUP} install")
    assert old != release(box)
    assert release(box).startswith("releases/9.9.9-")
    assert expect(box, "ls /opt/emotion-edge/releases").split() == [release(box).removeprefix("releases/")]
    assert "emotion-edge 9.9.9" in expect(box, "emotion-edge --version")
    assert "demo" in expect(box, "cat /etc/emotion-edge/config.toml")
    assert running(box) == "1"
    assert shown(box, "ActiveState") == "active"


def from_a_bundle_it_is_installed_without_a_network(box: Container) -> None:
    expect(box, f"{SETUP} bundle /srv/bundle")
    expect(box, f"{SETUP} uninstall")
    assert expect(box, "ls /etc/emotion-edge; ls -d /var/lib/emotion-edge").split()[0] == "config.toml"
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": ""}
    expect(box, "/srv/bundle/setup.sh install", **nowhere)
    assert "demo" in shown(box, "StatusText")


def it_is_removed_without_a_trace(box: Container) -> None:
    expect(box, f"{SETUP} uninstall --purge")
    assert shown(box, "LoadState") == "not-found"
    assert state_of(box) == box.before, sorted(state_of(box) ^ box.before)


STEPS = [
    it_is_installed_and_works,
    the_unit_is_clean_and_closed,
    it_writes_nothing_to_the_disk,
    the_doctor_names_what_is_wrong,
    killed_it_is_started_again,
    stopped_dead_the_watchdog_starts_it_again,
    a_wrong_configuration_is_not_tried_again,
    settings_it_does_not_start_with_are_taken_back,
    a_broken_version_leaves_the_old_one_running,
    *MODEL_STEPS,
    an_upgrade_keeps_settings_and_model,
    from_a_bundle_it_is_installed_without_a_network,
    it_is_removed_without_a_trace,
]

if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("this needs root: it makes and boots a container")
    sys.exit(main())
