"""Everything that may happen to a device, in random order, round after round, to one process that must live on.

    sudo python -m tests.faults [--rounds 3] [--seed 1]
    sudo python -m tests.faults --rounds 5 --frames 500000 --fps 500

One line a fault, with threads, open files and memory of the process. With --frames so many flow in all, evenly between
the faults: a soak. Exit code 1: memory grew after the first round. Needs root for a small file system, and mosquitto.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.device import Device
from tests.faults.faults import FAULTS, recovered

GROWTH_MB = 5.0
FLOW = 1000
"""Frames waited for at once."""


def rounds_of_faults(device: Device, rounds: int, frames: int, order: random.Random) -> float:
    """One line a fault. Returns by how many MB the process grew after the first round."""
    names, resident = list(FAULTS), []
    flow = frames // (rounds * len(names))
    for _ in range(rounds):
        order.shuffle(names)
        for name in names:
            began, before = time.monotonic(), device.footprint()
            FAULTS[name](device)
            recovered(device, before)
            took_s = time.monotonic() - began
            goal = device.frames() + flow
            while device.frames() < goal:
                device.wait_for_frames(min(FLOW, goal - device.frames()))
            print(f"{name:24} recovered, {took_s:.0f} s in all; {state(device)}", flush=True)
        resident.append(device.memory_mb())
    return resident[-1] - resident[0]


def state(device: Device) -> str:
    threads, files = device.footprint()
    return f"{threads} threads, {files} files, {device.memory_mb():.1f} MB, {device.frames()} frames"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=0, help="that flow at least, in all")
    parser.add_argument("--fps", type=float, default=10.0, help="of the camera")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        device = Device(Path(folder) / "disk", options.fps)
        try:
            device.start()
            device.wait_for_frames(20)
            print("before".ljust(24), state(device))
            grown = rounds_of_faults(device, options.rounds, options.frames, random.Random(options.seed))
            print(f"after the first round memory grew by {grown:.1f} MB; {state(device)}")
            code = device.stop()
            print(f"stopped with code {code}")
            return 0 if code == 0 and grown <= GROWTH_MB else 1
        finally:
            device.close()


if __name__ == "__main__":
    sys.exit(main())
