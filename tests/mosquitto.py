"""A real broker on a free port of the loopback, and a listener to what it passes on."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

# Debian puts the broker where only root's PATH looks.
PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

_PLUGINS = [
    f"{folder}/mosquitto_dynamic_security.so"
    for folder in (*sorted(Path("/usr/lib").glob("*-linux-gnu*")), "/usr/lib", "/usr/lib64", "/usr/local/lib")
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: Callable[[], object], seconds: float = 60.0) -> None:
    """Returns as soon as it is so. The limit is for what never comes: a busy machine may take very long."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


class Mosquitto:
    """One broker. `settings`: further lines of its configuration; `plain_port`: one more that they open."""

    def __init__(self, folder: Path, settings: str = "allow_anonymous true", plain_port: int | None = None) -> None:
        self.port = free_port()
        self._ports = [self.port] + ([plain_port] if plain_port else [])
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\n{settings}\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(PROGRAM), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: all(map(_is_open, self._ports)))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def __enter__(self) -> Mosquitto:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def silenced(folder: Path, *topics: str) -> str:
    """Settings of a broker that lets everybody in and say anything, but listen to these topics only."""
    plugin = next((path for path in map(Path, _PLUGINS) if path.exists()), None)
    if plugin is None:
        pytest.skip("mosquitto has no dynamic security plugin here")
    may = [("publishClientSend", "#"), *(("subscribeLiteral", topic) for topic in topics)]
    acls = [{"acltype": kind, "topic": topic, "allow": True} for kind, topic in may]
    rules = {
        "defaultACLAccess": {"publishClientSend": False, "publishClientReceive": True, "subscribe": False},
        "roles": [{"rolename": "all", "acls": acls}],
        "groups": [{"groupname": "all", "roles": [{"rolename": "all"}]}],
        "anonymousGroup": "all",
        "clients": [],
    }
    (folder / "rules.json").write_text(json.dumps(rules))
    return f"allow_anonymous true\nplugin {plugin}\nplugin_opt_config_file {folder}/rules.json\nuser root"


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Heard(NamedTuple):
    topic: str
    text: str
    qos: int
    retained: bool


class Listener:
    """Hears everything below emotion-edge/ and homeassistant/, and can speak.

    Topics below emotion-edge/<device>/ go by their last part: `status`, `detection/set`.
    """

    def __init__(self, port: int, username: str | None = None, password: str | None = None) -> None:
        self.heard: list[Heard] = []
        self._subscribed = threading.Semaphore(0)
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe([("emotion-edge/#", 1), ("homeassistant/#", 1)])
        self._client.on_subscribe = lambda *_: self._subscribed.release()
        self._client.on_message = lambda _, __, message: self.heard.append(
            Heard(_short(message.topic), message.payload.decode(errors="replace"), message.qos, message.retain)
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.listen()

    def listen(self) -> None:
        """Wait until the broker knows us; again after it was started again."""
        assert self._subscribed.acquire(timeout=60)

    def texts(self, topic: str) -> list[str]:
        """What was said on a topic, in order."""
        return [heard.text for heard in list(self.heard) if heard.topic == topic]

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        topic = topic if topic.startswith("homeassistant/") else f"emotion-edge/camera/{topic}"
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _short(topic: str) -> str:
    return topic.split("/", 2)[2] if topic.startswith("emotion-edge/") else topic


class OldBroker:
    """Passes everything on to a broker, but refuses MQTT 5 in the words of one that has never heard of it."""

    def __init__(self, behind: int, refusal: bytes = b"\x20\x02\x00\x01") -> None:
        self._behind, self._refusal = behind, refusal
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.versions: list[int] = []
        self._sockets = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._server.accept()[0]
                self._sockets.append(near)
                greeting = near.recv(1000)
                self.versions.append(greeting[greeting.index(b"MQTT") + 4])
                if self.versions[-1] == 5:
                    near.sendall(self._refusal)
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._behind))
                self._sockets.append(far)
                far.sendall(greeting)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
