"""The program on a whole 64-bit Arm machine that does not exist: its kernel, a camera, a screen, and no mercy.

    sudo python tests/device/virtual_machine.py [FOLDER] [--only STEP …]

FOLDER keeps what was downloaded, and gets boot.log and the pictures of the screen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[2]))
from arm64_disk import make_disk
from arm64_machine import Arm64Machine
from bundles import signed_bundle

CONFIG = '[camera]\nsource = "v4l2:/dev/video0"\n'
SERVICE = "/etc/systemd/system/emotion-edge.service.d"
STORE = "/var/lib/emotion-edge/models"
SHOW = "systemctl show emotion-edge --value --property"
UNPLUG = "v4l2-ctl --set-ctrl=disconnect=1"
"""vivid's device is gone until whoever has it open has closed it."""
RUN = "emotion-edge run --source v4l2:/dev/video0 --jsonl -"


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the program on an emulated Arm computer.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("/var/tmp/emotion-edge-vm"))
    parser.add_argument(
        "--only", nargs="+", metavar="STEP", choices=[step.__name__ for step in STEPS], help="take these"
    )
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        disk = make_disk(folder, CONFIG, signed_bundle("1", Path(made), folder / "model-signing"))
    passed = 0
    with Arm64Machine(folder, *disk) as machine:
        for step in STEPS:
            if options.only and step.__name__ not in options.only:
                continue
            began, name = time.monotonic(), step.__name__.replace("_", " ")
            try:
                told = step(machine)
            except AssertionError as err:
                print(f"FAILED  {name}: {err}\n{passed} passed, 1 failed")
                return 1
            passed += 1
            print(f"ok  {name} ({time.monotonic() - began:.0f} s){f': {told}' if told else ''}", flush=True)
    print(f"{passed} passed, 0 failed")
    return 0


def expect(machine: Arm64Machine, command: str, code: int = 0) -> str:
    """What a command that ends with this code wrote."""
    ended, said = machine.run(command)
    assert ended == code, f"{command} ended with {ended}:\n{said}"
    return said.strip()


def wait_for(what: Callable[[], bool], seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(1)


def lines_of(said: str) -> list[dict]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def it_boots(machine: Arm64Machine) -> str:
    return expect(machine, "uname -srm; systemd-analyze time | head -n 1")


def it_knows_the_portrait(machine: Arm64Machine) -> str:
    """Nobody stands before vivid's camera; this is the whole chain on this processor."""
    said = expect(machine, "emotion-edge run --source demo --jsonl - --limit 10 2>/dev/null")
    emotions = {face["emotion"] for line in lines_of(said) for face in line.get("faces", [])}
    assert emotions == {"happy"}, said
    return "happy"


def a_v4l2_camera_delivers(machine: Arm64Machine) -> str:
    expect(machine, "udevadm settle; test -e /dev/video0")
    said = expect(machine, f"{RUN} --limit 20")
    frames = lines_of(said)
    assert len(frames) == 20, said
    assert {(line["width"], line["height"]) for line in frames} == {(640, 480)}
    assert all(a["t"] < b["t"] for a, b in pairwise(frames)), "time goes forward"
    told = next(line for line in said.splitlines() if "frames a second" in line)
    assert "640x480 at" in told, told
    return told


def a_wished_size_becomes_the_nearest_there_is(machine: Arm64Machine) -> str:
    config = '[camera]\\nsource = "v4l2:/dev/video0"\\nwidth = 1000\\nheight = 700\\nrotation = 90\\n'
    said = expect(
        machine, f"printf '{config}' >/root/large.toml; emotion-edge run --config /root/large.toml --jsonl - --limit 2"
    )
    told = next(line for line in said.splitlines() if "frames a second" in line)
    width, height = (int(side) for side in told.split(", ")[1].split()[0].split("x"))
    assert (lines_of(said)[0]["width"], lines_of(said)[0]["height"]) == (height, width), "turned by a quarter"
    return told


def unplugged_and_plugged_in_again_it_goes_on(machine: Arm64Machine) -> str:
    start = f"({RUN} >/root/lines 2>/root/log & echo $! >/root/pid)"
    expect(machine, start)
    wait_for(lambda: machine.run("test $(grep -c frame /root/lines) -ge 5")[0] == 0)
    expect(machine, UNPLUG)
    wait_for(lambda: "back after" in expect(machine, "cat /root/log"))
    before = int(expect(machine, "wc -l </root/lines"))
    wait_for(lambda: int(expect(machine, "wc -l </root/lines")) > before)
    expect(machine, "kill -TERM $(cat /root/pid); tail --pid=$(cat /root/pid) -f /dev/null")
    said = [line for line in expect(machine, "cat /root/log").splitlines() if "looking for" in line or "back" in line]
    assert len(said) == 2, said
    return " / ".join(said)


def the_service_runs_within_its_limits(machine: Arm64Machine) -> str:
    expect(machine, "systemctl start emotion-edge")
    wait_for(lambda: "frames/s" in expect(machine, f"{SHOW}=StatusText"))
    assert expect(machine, f"ps -o user= -p $({SHOW}=MainPID)") == "emotion-edge"
    time.sleep(10)
    peak_mb = int(expect(machine, f"{SHOW}=MemoryPeak")) / 2**20
    return (
        f"{expect(machine, f'{SHOW}=StatusText')}; at most {peak_mb:.0f} MB of {expect(machine, f'{SHOW}=MemoryMax')}"
    )


def too_much_memory_ends_it_and_it_starts_again(machine: Arm64Machine) -> str:
    expect(
        machine, f"mkdir -p {SERVICE}; printf '[Service]\\nMemoryMax=24M\\nMemorySwapMax=0\\n' >{SERVICE}/small.conf"
    )
    expect(machine, "systemctl daemon-reload; systemctl restart --no-block emotion-edge")
    wait_for(lambda: "oom-kill" in expect(machine, "journalctl -u emotion-edge --output cat -n 50"))
    expect(machine, f"rm -r {SERVICE}; systemctl daemon-reload")
    wait_for(lambda: "frames/s" in expect(machine, f"{SHOW}=StatusText"))
    return f"started again {expect(machine, f'{SHOW}=NRestarts')} times"


def the_window_is_on_the_framebuffer(machine: Arm64Machine) -> str:
    expect(machine, "systemctl stop emotion-edge; test -e /dev/fb0")
    expect(machine, "printf '[window]\\nconsole = \"framebuffer\"\\n' >/root/window.toml")
    run = "emotion-edge run --config /root/window.toml --source demo --window"
    expect(machine, f"({run} >/dev/null 2>/root/window.log & echo $! >/root/pid)")
    time.sleep(60)
    picture = machine.folder / "framebuffer.png"
    machine.screenshot(picture)
    expect(machine, "kill -TERM $(cat /root/pid)")
    return f"look at {picture}; {expect(machine, 'cat /root/window.log')}"


def power_cut_in_the_middle_of_an_update(machine: Arm64Machine) -> str:
    """The bundle is unpacked and on trial; then the current is gone, and what was not synced with it."""
    expect(machine, "cp /root/minisign.pub /etc/emotion-edge/model-key.pub; systemctl start emotion-edge; sync")
    wait_for(lambda: "frames/s" in expect(machine, f"{SHOW}=StatusText"))
    expect(machine, "(emotion-edge model install /root/emotion-1.emotion-edge >/root/install.log 2>&1 &)")
    wait_for(lambda: _on_trial(machine))
    machine.cut_power()
    machine.switch_on()
    assert running(machine) == "shipped"
    expect(machine, "systemctl start emotion-edge")
    wait_for(lambda: "frames/s" in expect(machine, f"{SHOW}=StatusText"))
    return "the shipped model runs"


def _on_trial(machine: Arm64Machine) -> bool:
    assert machine.run("pgrep -f 'model install'")[0] == 0, expect(machine, "cat /root/install.log")
    return machine.run(f"test -e {STORE}/emotion/trial")[0] == 0


def running(machine: Arm64Machine) -> str:
    """The version of the emotion model that runs."""
    rows = json.loads(expect(machine, "emotion-edge model list --json"))["models"]
    return next(row["version"] for row in rows if row["name"] == "emotion" and row["runs"])


STEPS = [
    it_boots,
    it_knows_the_portrait,
    a_v4l2_camera_delivers,
    a_wished_size_becomes_the_nearest_there_is,
    unplugged_and_plugged_in_again_it_goes_on,
    the_service_runs_within_its_limits,
    too_much_memory_ends_it_and_it_starts_again,
    the_window_is_on_the_framebuffer,
    power_cut_in_the_middle_of_an_update,
]

if __name__ == "__main__":
    sys.exit(main())
