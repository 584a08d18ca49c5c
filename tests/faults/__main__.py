"""Everything that may happen to a device, in random order, round after round, to one process that must live on.

    sudo python -m tests.faults [--rounds 3] [--seed 1]

One line a fault; the last says how threads, open files and memory ended. Needs root for a small file system, and
mosquitto.
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    order = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        device = Device(Path(folder) / "disk")
        try:
            device.start()
            device.wait_for_frames(20)
            print("before".ljust(24), device.footprint())
            for _ in range(options.rounds):
                names = list(FAULTS)
                order.shuffle(names)
                for name in names:
                    began = time.monotonic()
                    before = device.footprint()
                    FAULTS[name](device)
                    recovered(device, before)
                    print(
                        f"{name:24} recovered, {time.monotonic() - began:.0f} s in all; {device.footprint()}",
                        flush=True,
                    )
            code = device.stop()
            print(f"stopped with code {code}")
            return 0 if code == 0 else 1
        finally:
            device.close()


if __name__ == "__main__":
    sys.exit(main())
