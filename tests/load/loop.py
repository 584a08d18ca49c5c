"""The daemon's loop over made-up results, with every sink on: `python -m tests.load.loop`, started by `chaos`.

Reads its order as JSON from standard input and writes a JSON report to a file (the terminal sink prints): each sink's
calls, in milliseconds, without the time that other programs had the processor; the events made; memory after each tenth
of the way, without what the stopwatches keep.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.config import Config as EdgeConfig
from edge.config import CsvConfig, JsonlConfig, MqttConfig, OledConfig, RecordConfig, WebConfig, WindowConfig
from edge.control import Control
from edge.daemon import Outlet
from edge.emotion.labels import LABELS
from edge.health import Health
from edge.sinks import Sink, sinks_for
from edge.types import Event, Frame, Result
from tests.results import track
from tests.stopwatch import Stopwatch

FPS = 30


def everything_on(order: dict[str, Any]) -> EdgeConfig:
    folder = Path(order["folder"])
    rotating = {"rotate_mb": 0.5, "keep": 2}
    return EdgeConfig(
        jsonl=JsonlConfig(True, str(folder / "out.jsonl"), **rotating),
        csv=CsvConfig(True, str(folder / "out.csv"), **rotating),
        window=WindowConfig(True, bars=True),
        oled=OledConfig(True),
        record=RecordConfig(True, str(folder / "faces"), "all", max_mb=1),
        mqtt=MqttConfig(True, "127.0.0.1", order["broker"], spool=str(folder / "events.db")),
        web=WebConfig(True, port=order["web"]),
    )


def made_up(frames: int, seed: int) -> Any:
    """Results as of a camera: people come, go and change their faces; each event's id counts the events."""
    dice, events = random.Random(seed), 0
    image = cv2.resize(cv2.imread("edge/assets/portrait.jpg"), (640, 480))
    faces = [replace(track(i, label, 0.8), face=track().face) for i, label in enumerate(LABELS)]
    shown: tuple[int, ...] = (0,)
    for number in range(frames):
        news: tuple[Event, ...] = ()
        if dice.random() < 1 / 30:
            shown = tuple(dice.sample(range(len(LABELS)), dice.randint(0, 3)))
            news = (Event("emotion_changed", events, "neutral", dice.choice(LABELS), 0.9),)
            events += 1
        frame = Frame(np.roll(image, number % 32, axis=1), number / FPS, time.time(), number)
        yield Result(frame, number / FPS, tuple(faces[i] for i in shown), news, {"total": 2.0})


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(order: dict[str, Any]) -> dict[str, Any]:
    frames, now = order["frames"], [0.0]
    sinks: list[Sink] = sinks_for(everything_on(order), "chaos", Control())
    outlets = [(sink.name, Outlet(sink, lambda: now[0]), Stopwatch()) for sink in sinks]
    health = Health("chaos")
    for _, outlet, _ in outlets:
        outlet.open()
    memory, events = [], 0
    due = time.monotonic()
    for result in made_up(frames, order["seed"]):
        now[0] = result.t
        health.record(result)
        for _, outlet, watch in outlets:
            watch.time(lambda outlet=outlet, result=result: outlet.show(result))
        if result.frame.number % FPS == 0:
            status = health.status("running")
            for _, outlet, watch in outlets:
                watch.time(lambda outlet=outlet, status=status: outlet.status(status))
        events += len(result.events)
        if (result.frame.number + 1) % max(1, frames // 10) == 0:
            kept = sum(watch.spent_s.itemsize * len(watch.spent_s) for _, _, watch in outlets)
            memory.append(round(resident_mb() - kept / 1e6, 1))
        due = max(due + 1 / (FPS * order["speed"]), time.monotonic() - 1.0)
        time.sleep(max(0.0, due - time.monotonic()))
    Path(order["done"]).touch()
    sys.stdin.readline()  # until everything works again
    deadline = time.monotonic() + 120
    mqtt = next(sink for sink in sinks if sink.name == "mqtt")
    while len(mqtt._events) and time.monotonic() < deadline:  # type: ignore[attr-defined]
        mqtt.status(health.status("running"))
        time.sleep(0.01)
    for _, outlet, _ in outlets:
        outlet.close()
    return {"sinks": {name: summed_up(watch) for name, _, watch in outlets}, "events": events, "memory_mb": memory}


def summed_up(watch: Stopwatch) -> dict[str, float]:
    ms = 1000 * np.array(watch.spent_s)
    p50, p999 = np.percentile(ms, (50, 99.9))
    return {"calls": len(ms), "p50": float(p50), "p99.9": float(p999), "max": float(ms.max())}


if __name__ == "__main__":
    import luma.core.device

    import edge.sinks.oled

    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)8d ms %(message)s", stream=sys.stderr)
    logging.getLogger("tornado").setLevel(logging.ERROR)
    edge.sinks.oled.open_device = lambda config: luma.core.device.dummy(mode="1")
    what = json.loads(sys.stdin.readline())
    Path(what["report"]).write_text(json.dumps(run(what)))
