"""What a service manager hears on a real datagram socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cameras import Camera, waiting
from edge.config import CameraConfig, EmotionConfig, FaceConfig, PaceConfig
from edge.control import Control
from edge.daemon import Daemon
from edge.errors import CameraError
from edge.pipeline import Pipeline
from edge.types import Status
from edge.watchdog import Watchdog, status_text
from tests.conftest import face_at
from tests.fakes import FakeCamera, FakeClassifier, FakeDetector
from tests.mosquitto import wait_until


class Manager:
    """The service manager's end of the socket. It listens all the time: such a socket holds ten messages only."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.messages: list[str] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while (message := self._socket.recv(4096).decode()) != "END":
            self.messages.append(message)

    def heard(self) -> list[str]:
        """All messages; nothing is heard after this."""
        if self._thread.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(b"END", self._address)
            self._thread.join(10)
        return self.messages

    def close(self) -> None:
        self.heard()
        self._socket.close()


@pytest.fixture
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    address = getattr(request, "param", f"{tmp_path}/notify")
    manager = Manager(address.replace("@", "\0"))
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    yield manager
    manager.close()


def daemon(camera: Camera, control: Control, config: CameraConfig | None = None) -> Daemon:
    chain = Pipeline(FakeDetector([face_at(32, 24, width=30)]), FakeClassifier("happy"), FaceConfig(), EmotionConfig())
    return Daemon(camera, chain, [], control, config or CameraConfig(), PaceConfig())


@pytest.mark.parametrize("manager", [f"@emotion-edge-test-{os.getpid()}"], indirect=True)
def test_an_abstract_socket(manager: Manager):
    watchdog = Watchdog()
    watchdog.alive()
    watchdog.stopping()
    assert manager.heard() == ["READY=1\nWATCHDOG=1", "STOPPING=1"]


def test_ready_comes_once_and_signs_of_life_at_most_every_second(manager: Manager):
    now = 0.0
    watchdog = Watchdog(clock=lambda: now)
    for step in range(31):
        now = step / 10
        watchdog.alive()
    watchdog.stopping()
    watchdog.alive()
    assert manager.heard() == ["READY=1\nWATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_service_manager_nothing_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    watchdog = Watchdog()
    watchdog.alive()
    watchdog.status("well")
    watchdog.stopping()


def test_a_service_manager_that_is_gone_stops_nobody(manager: Manager):
    watchdog = Watchdog()
    manager.close()
    watchdog.alive()
    watchdog.status("well")
    watchdog.stopping()


def test_a_service_manager_that_does_not_listen_hangs_nobody(manager: Manager):
    manager.heard()
    watchdog = Watchdog()
    for _ in range(2000):  # far more than a socket holds
        watchdog.status("well")
    watchdog.stopping()
    assert manager.messages == []


def test_the_daemon_is_ready_after_its_first_frame(manager: Manager):
    daemon(FakeCamera(0.01), Control()).run(limit=130)
    heard = manager.heard()
    assert heard[:2] == ["READY=1\nWATCHDOG=1", "STATUS=fake: 0.0 frames/s, 0 faces"]
    assert "WATCHDOG=1" in heard
    assert heard[-2].startswith("STATUS=fake: ")
    assert heard[-2].endswith(" frames/s, 1 face")
    assert heard[-1] == "STOPPING=1"


def test_the_daemon_waiting_for_its_camera_is_ready_and_alive(manager: Manager, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.5)
    control, hangs = Control(), threading.Event()
    camera = FakeCamera(hangs, openings=(None, CameraError("fake: not there")))
    running = threading.Thread(target=daemon(camera, control, CameraConfig(stall_timeout_s=0.5)).run)
    running.start()
    wait_until(lambda: "WATCHDOG=1" in manager.messages, 30)
    control.stop.set()
    hangs.set()
    running.join(10)
    heard = manager.heard()
    ready, again = heard.index("READY=1\nWATCHDOG=1"), "STATUS=waiting for the camera fake"
    assert again in heard[:ready], "that it hangs at its first opening is nothing to be ready for"
    assert again in heard[ready:]
    assert not [message for message in heard if "frames/s" in message]


def test_a_camera_that_cannot_be_opened_never_makes_it_ready(manager: Manager):
    with pytest.raises(CameraError):
        daemon(FakeCamera(0.01, openings=(CameraError("fake: not there"),)), Control()).run()
    assert not [message for message in manager.heard() if "READY" in message]


def test_a_camera_that_hangs_at_its_first_opening_never_makes_it_ready(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.5)
    hangs = threading.Event()
    with pytest.raises(CameraError, match="hangs at opening"):
        daemon(FakeCamera(0.01, openings=(hangs,)), Control(), CameraConfig(stall_timeout_s=0.5)).run()
    hangs.set()
    heard = manager.heard()
    assert heard[-1] == "STOPPING=1"
    assert set(heard[:-1]) == {"STATUS=waiting for the camera fake"}


def test_a_silent_camera_gives_no_sign_of_life_before_it_is_given_up(manager: Manager):
    control, hangs = Control(), threading.Event()
    threading.Timer(1.5, control.stop.set).start()
    daemon(FakeCamera(0.01, hangs), control).run()
    hangs.set()
    assert sum("WATCHDOG=1" in message for message in manager.heard()) == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (Status("running", "demo", fps=29.96), "demo: 30.0 frames/s, 2 faces"),
        (Status("waiting", "v4l2:/dev/video0"), "waiting for the camera v4l2:/dev/video0"),
        (Status("paused", "demo"), "paused: detection is switched off"),
    ],
)
def test_the_status_line(status: Status, text: str):
    assert status_text(status, 2) == text
