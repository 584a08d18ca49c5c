"""What goes wrong on a device that nobody watches, one function each: bring it about, and see that it passes.

Each is given a device whose frames flow. Afterwards they must flow again, with no more threads and files than before.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

from tests.faults.camera import Mood
from tests.faults.device import Device

YEAR_S = 365 * 86400

Fault = Callable[[Device], None]


def camera_frozen(device: Device) -> None:
    _camera_lost(device, "frozen")


def camera_gone(device: Device) -> None:
    _camera_lost(device, "gone")


def camera_garbage(device: Device) -> None:
    _camera_lost(device, "garbage")


def camera_slow(device: Device) -> None:
    """A frame a second is few, and no failure."""
    device.camera.mood = "slow"
    device.wait_for_frames(3)
    assert device.health()["state"] == "running"
    device.camera.mood = "well"


def broker_gone(device: Device) -> None:
    """Its messages are late, not lost: who left and came meanwhile is told afterwards, in order."""
    told = len(device.listener.texts("event"))
    device.broker.stop()
    device.camera.mood = "empty"
    device.wait_for_seconds(3)
    device.camera.mood = "well"
    device.wait_for_seconds(2)
    device.process.send_signal(signal.SIGSTOP)  # whoever listens must be there before it
    device.broker.start()
    device.listener.listen()
    device.process.send_signal(signal.SIGCONT)
    device.wait(lambda: len(device.listener.texts("event")) >= told + 2, "two events arrive")
    left, came = (json.loads(text) for text in device.listener.texts("event")[told : told + 2])
    assert (left["event"], came["event"]) == ("face_left", "face_appeared")
    assert left["late"]
    assert came["late"]


def broker_hangs(device: Device) -> None:
    """Connected, and it answers nothing: the frames flow on."""
    device.broker.signal(signal.SIGSTOP)
    device.wait_for_frames(20)
    device.broker.signal(signal.SIGCONT)


def stopped_and_continued(device: Device) -> None:
    device.process.send_signal(signal.SIGSTOP)
    time.sleep(6)
    device.process.send_signal(signal.SIGCONT)


def disk_full(device: Device) -> None:
    """Told once; what is written before and after are whole lines."""
    target = device.folder / "faces.jsonl"
    told = device.log().count("No space left")
    device.disk.fill()
    device.wait(lambda: device.log().count("No space left") > told, "the log tells of the full disk")
    before = device.health()["uptime_s"]
    device.wait(lambda: device.health()["uptime_s"] != before, "health goes on")
    device.disk.empty()
    size = target.stat().st_size
    device.wait(lambda: target.stat().st_size != size, "the file is written again")
    assert all(line.endswith(b"}") for line in target.read_bytes().splitlines()[:-1])


def _camera_lost(device: Device, mood: Mood) -> None:
    lost, back = device.log().count("looking for it"), device.log().count(": back after")
    device.camera.mood = mood
    device.wait_for_state("waiting")
    device.camera.mood = "well"
    device.wait_for_state("running")
    assert device.log().count("looking for it") == lost + 1, "one line when it was lost"
    assert device.log().count(": back after") == back + 1, "one line when it was back"


def clock_jumps(device: Device) -> None:
    """Ten years forward, back, and right again."""
    for years in (10, -10, 0):
        device.clock.write_text(str(years * YEAR_S))
        device.wait_for_frames(10)


def recovered(device: Device, before: tuple[int, int]) -> None:
    """Frames flow, and the process has no more threads and open files than before. Raises AssertionError."""
    device.wait_for_frames()
    device.wait(
        lambda: all(now <= then for now, then in zip(device.footprint(), before, strict=True)), f"{before} again"
    )


FAULTS: dict[str, Fault] = {
    "camera frozen": camera_frozen,
    "camera gone": camera_gone,
    "camera sends garbage": camera_garbage,
    "camera slow": camera_slow,
    "broker gone": broker_gone,
    "broker hangs": broker_hangs,
    "stopped and continued": stopped_and_continued,
    "disk full": disk_full,
    "clock jumps": clock_jumps,
}
