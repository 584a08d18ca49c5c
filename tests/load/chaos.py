"""Every sink on, while broker, viewers and disk fail and come back at random:

    python -m tests.load.chaos --minutes 120 --speed 6 --seed 1

Two hours of frames then take twenty minutes. Reports how long each sink held the loop up, which events were lost, and
memory. Exit code 1: an event was lost, a file holds half a line, memory grew, or a call took longer than --stall-ms.
Needs mosquitto; the disk fails only for root, who may mount a small one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.sinks.line_file import pieces
from tests.load.loop import FPS
from tests.load.network import Network
from tests.load.world import Disk, Viewers
from tests.mosquitto import Listener, Mosquitto, free_port

GROWTH_MB = 15.0


def chaos(minutes: float, speed: float, seed: int, folder: Path) -> dict[str, Any]:
    dice, disk, web = random.Random(seed), Disk(folder / "disk"), free_port()
    done, answer = folder / "done", folder / "report.json"
    order = {
        "folder": str(disk.folder),
        "web": web,
        "done": str(done),
        "report": str(answer),
        "frames": round(60 * FPS * minutes),
        "speed": speed,
        "seed": seed,
    }
    try:
        with Mosquitto(folder, "allow_anonymous true\nmax_queued_messages 0") as broker:
            listener, way, viewers = Listener(broker.port), Network(broker.port), Viewers(web, dice)
            loop = subprocess.Popen(
                [sys.executable, "-m", "tests.load.loop"],
                env={**os.environ, "SDL_VIDEODRIVER": "dummy"},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            assert loop.stdin is not None
            print(json.dumps({**order, "broker": way.port}), file=loop.stdin, flush=True)
            faults = rage(way, disk, viewers, dice, lambda: done.exists() or loop.poll() is not None)
            print(file=loop.stdin, flush=True)
            loop.communicate()
            report: dict[str, Any] = json.loads(answer.read_text())
            heard = settled(listener, report["events"])
            way.cut()
            listener.close()
        return {**report, "faults": faults, **judged(heard, report["events"], disk)}
    finally:
        disk.close()


def rage(way: Network, disk: Disk, viewers: Viewers, dice: random.Random, ended: Callable[[], bool]) -> dict[str, int]:
    """Until the loop has ended something fails or comes back about twice a second; then everything works."""
    acts = {
        "broker cut": way.cut,
        "broker stuck": way.stick,
        "broker back": way.mend,
        "disk full": disk.fill,
        "disk free": disk.empty,
        "viewer comes": viewers.come,
        "viewers gone": viewers.leave,
    }
    counts = dict.fromkeys(acts, 0)
    while not ended():
        time.sleep(dice.uniform(0.1, 0.9))
        act = dice.choices(list(acts), weights=(2, 2, 4, 1, 4, 4, 1))[0]
        acts[act]()
        counts[act] += 1
    for act in ("broker back", "disk free", "viewers gone"):
        acts[act]()
    return counts


def settled(listener: Listener, events: int) -> list[int]:
    """The events' ids as they arrived, when all have, or none has for a while."""
    quiet, before = 0, -1
    while quiet < 20:
        ids = [json.loads(text)["id"] for text in listener.texts("event")]
        if len(set(ids)) == events:
            return ids
        quiet, before = (quiet + 1, before) if len(ids) == before else (0, len(ids))
        time.sleep(0.25)
    return ids


def judged(heard: list[int], events: int, disk: Disk) -> dict[str, Any]:
    """Delivery is at least once: an event may come twice, but none may be missing or first come out of its order."""
    first = list(dict.fromkeys(heard))
    lines = [line for piece in pieces(disk.folder / "out.jsonl") for line in piece.read_text().splitlines(True)]
    return {
        "lost": events - len(first),
        "twice": len(heard) - len(first),
        "out_of_order": first != sorted(first),
        "torn_lines": sum(not (line.endswith("}\n") and json.loads(line)) for line in lines),
        "lines": len(lines),
        "disk_can_fail": disk.can_fail,
    }


def faults_of(report: dict[str, Any], stall_ms: float) -> list[str]:
    grown = report["memory_mb"][-1] - report["memory_mb"][0]
    slow = [f"{name} took {ms['max']:.0f} ms" for name, ms in report["sinks"].items() if ms["max"] > stall_ms]
    wrong = [f"{report[key]} {key}" for key in ("lost", "torn_lines") if report[key]]
    wrong += ["events came out of order"] if report["out_of_order"] else []
    return slow + wrong + ([f"memory grew by {grown:.0f} MB"] if grown > GROWTH_MB else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load.chaos", description=__doc__.partition(":")[0])
    parser.add_argument("--minutes", type=float, default=120, help="of the camera's time")
    parser.add_argument("--speed", type=float, default=6, help="times as fast as a camera")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stall-ms", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = chaos(options.minutes, options.speed, options.seed, Path(folder))
    print(json.dumps(report, indent=1))
    wrong = faults_of(report, options.stall_ms)
    print("; ".join(wrong) or "all well")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
