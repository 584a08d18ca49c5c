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
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[2]))
from arm64_disk import make_disk
from arm64_machine import Arm64Machine
from bundles import signed_bundle
from model_updates import DROP_IN, STORE, running
from watching import expect, settings, shown, take, wait_for

CONFIG = '[camera]\nsource = "v4l2:/dev/video0"\n'
SLOW_S = 900
"""An emulated processor takes minutes for what a Pi does in seconds."""
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
    chosen = [step for step in STEPS if not options.only or step.__name__ in options.only]
    with Arm64Machine(folder, *disk) as machine:
        return take(chosen, machine)


def lines_of(said: str) -> list[dict]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def it_boots(machine: Arm64Machine) -> str:
    return expect(machine, "uname -srm; systemd-analyze time | head -n 1").strip()


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
    large = settings(machine, "large", f"{CONFIG}width = 1000\nheight = 700\nrotation = 90\n")
    said = expect(machine, f"emotion-edge run --config {large} --jsonl - --limit 2")
    told = next(line for line in said.splitlines() if "frames a second" in line)
    width, height = (int(side) for side in told.split(", ")[1].split()[0].split("x"))
    assert (lines_of(said)[0]["width"], lines_of(said)[0]["height"]) == (height, width), "turned by a quarter"
    return told


def unplugged_and_plugged_in_again_it_goes_on(machine: Arm64Machine) -> str:
    start = f"({RUN} >/srv/lines 2>/srv/log & echo $! >/srv/pid)"
    expect(machine, start)
    wait_for(lambda: machine.run("test $(grep -c frame /srv/lines) -ge 5").returncode == 0, SLOW_S)
    expect(machine, UNPLUG)
    wait_for(lambda: "back after" in expect(machine, "cat /srv/log"), SLOW_S)
    before = int(expect(machine, "wc -l </srv/lines"))
    wait_for(lambda: int(expect(machine, "wc -l </srv/lines")) > before, SLOW_S)
    expect(machine, "kill -TERM $(cat /srv/pid); tail --pid=$(cat /srv/pid) -f /dev/null")
    said = [line for line in expect(machine, "cat /srv/log").splitlines() if "looking for" in line or "back" in line]
    assert len(said) == 2, said
    return " / ".join(said)


def the_service_runs_within_its_limits(machine: Arm64Machine) -> str:
    expect(machine, "systemctl start emotion-edge")
    wait_for(lambda: "frames/s" in shown(machine, "StatusText"), SLOW_S)
    assert expect(machine, f"ps -o user= -p {shown(machine, 'MainPID')}").strip() == "emotion-edge"
    time.sleep(10)
    peak_mb, most_mb = (int(shown(machine, name)) / 2**20 for name in ("MemoryPeak", "MemoryMax"))
    return f"{shown(machine, 'StatusText')}; at most {peak_mb:.0f} MB of {most_mb:.0f}"


def too_much_memory_ends_it_and_it_starts_again(machine: Arm64Machine) -> str:
    small = "[Service]\\nMemoryMax=24M\\nMemorySwapMax=0\\n"
    expect(machine, f"mkdir -p {DROP_IN}; printf '{small}' >{DROP_IN}/small.conf")
    expect(machine, "systemctl daemon-reload; systemctl restart --no-block emotion-edge")
    wait_for(lambda: "oom-kill" in expect(machine, "journalctl -u emotion-edge --output cat -n 50"), SLOW_S)
    expect(machine, f"rm -r {DROP_IN}; systemctl daemon-reload")
    wait_for(lambda: "frames/s" in shown(machine, "StatusText"), SLOW_S)
    return f"started again {shown(machine, 'NRestarts')} times"


def the_window_is_on_the_framebuffer(machine: Arm64Machine) -> str:
    expect(machine, "systemctl stop emotion-edge; test -e /dev/fb0")
    config = settings(machine, "window", '[window]\nconsole = "framebuffer"\n')
    run = f"emotion-edge run --config {config} --source demo --window"
    expect(machine, f"({run} >/dev/null 2>/srv/window.log & echo $! >/srv/pid)")
    time.sleep(60)
    picture = machine.folder / "framebuffer.png"
    machine.screenshot(picture)
    expect(machine, "kill -TERM $(cat /srv/pid)")
    return f"look at {picture}; {expect(machine, 'cat /srv/window.log')}"


def power_cut_in_the_middle_of_an_update(machine: Arm64Machine) -> str:
    """The bundle is unpacked and on trial; then the current is gone, and what was not synced with it."""
    expect(machine, "cp /srv/minisign.pub /etc/emotion-edge/model-key.pub; systemctl start emotion-edge; sync")
    wait_for(lambda: "frames/s" in shown(machine, "StatusText"), SLOW_S)
    expect(machine, "(emotion-edge model install /srv/emotion-1.emotion-edge >/srv/install.log 2>&1 &)")
    wait_for(lambda: _on_trial(machine), SLOW_S)
    machine.cut_power()
    machine.switch_on()
    assert running(machine) == "shipped"
    expect(machine, "systemctl start emotion-edge")
    wait_for(lambda: "frames/s" in shown(machine, "StatusText"), SLOW_S)
    return "the shipped model runs"


def _on_trial(machine: Arm64Machine) -> bool:
    going_on = machine.run("pgrep -f 'model install'").returncode == 0
    assert going_on, expect(machine, "cat /srv/install.log")
    return machine.run(f"test -e {STORE}/emotion/trial").returncode == 0


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
