"""Each fault once, to one process that must live through all of them; and how it ends where it must end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.emotion.tflite import find_model
from tests.faults.device import Device
from tests.faults.faults import FAULTS, recovered
from tests.faults.system import Card, Starvation
from tests.mosquitto import PROGRAM, Mosquitto

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs mosquitto (apt: mosquitto)")


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """A device whose frames flow. It is the same one for every fault."""
    device = Device(tmp_path_factory.mktemp("device") / "disk")
    device.start()
    device.wait_for_frames(20)
    yield device
    device.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path / "disk")
    yield device
    device.close()


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    try:
        card = Card(tmp_path / "card")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs root and a loop device: a file system is made")
    yield card
    card.close()


@pytest.fixture
def starvation() -> Iterator[Starvation]:
    try:
        starvation = Starvation()
    except OSError:
        pytest.skip("needs root and a memory control group")
    yield starvation
    starvation.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_it_recovers(living: Device, fault: str) -> None:
    if fault == "disk full" and not living.disk.can_fail:
        pytest.skip("needs root: a small file system is mounted")
    before = living.footprint()
    FAULTS[fault](living)
    recovered(living, before)


def test_a_wrong_password_stops_nothing_and_is_told_once(device: Device) -> None:
    device.broker.stop()
    device.broker = Mosquitto(device.folder, "allow_anonymous false")
    device.broker.start()
    secret = device.folder / "secret"
    secret.write_text("not the password\n")
    device.start(username="camera", password_file=secret)
    device.wait_for_frames(30)
    assert device.log().count("the broker refuses us") == 1
    assert "not the password" not in device.log()
    assert device.stop() == 0


def test_no_network_at_boot_ends_with_75(device: Device) -> None:
    device.camera.mood = "gone"
    device.start(give_up_s=1)
    assert device.ends() == 75
    assert "Traceback" not in device.log()


def test_a_killed_one_is_told_to_be_offline(device: Device) -> None:
    device.start()
    device.wait_for_frames()
    device.wait(lambda: device.listener.texts("status")[-1:] == ["online"], "it is online")
    device.process.send_signal(signal.SIGKILL)
    device.wait(lambda: device.listener.texts("status")[-1] == "offline", "the broker says it is gone")


def test_a_damaged_spool_is_set_aside(device: Device) -> None:
    (device.folder / "spool.db").write_bytes(b"no database " * 500)
    device.start()
    device.wait_for_frames()
    assert (device.folder / "spool.db.damaged").exists()
    assert device.stop() == 0


def test_a_damaged_model_ends_with_78(device: Device) -> None:
    model = device.folder / "emotion.tflite"
    shutil.copy(find_model("emotion").with_suffix(".json"), device.folder)
    model.write_bytes(find_model("emotion").read_bytes()[:-100])
    device.start(more=f'[emotion]\nmodel = "{model}"')
    assert device.ends() == 78
    assert "Traceback" not in device.log()


def test_a_card_that_turns_read_only_is_told_once_and_stops_nothing(device: Device, card: Card) -> None:
    device.start(folder=card.folder)
    faces = card.folder / "faces.jsonl"
    device.wait(lambda: faces.exists() and faces.stat().st_size > 0, "faces are written to the card")
    card.turn_read_only()
    device.wait(lambda: "Read-only file system" in device.log(), "the log tells of the card")
    told = len(device.listener.texts("health"))
    device.wait(lambda: len(device.listener.texts("health")) >= told + 3, "health goes on")
    assert device.stop() == 0
    assert device.log().count("Read-only file system") == 1
    assert "Traceback" not in device.log()


def test_out_of_memory_leaves_whole_lines_to_go_on_from(starvation: Starvation, device: Device) -> None:
    device.start()
    device.wait_for_frames(20)
    starvation.starve(device.process.pid)
    assert device.ends() == -signal.SIGKILL
    device.start()
    device.wait_for_frames(20)
    assert device.stop() == 0
    lines = (device.folder / "faces.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)
