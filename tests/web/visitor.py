"""What visitors of the page do: they ask, or read a stream; and what the device shows and tells them."""

from __future__ import annotations

import http.client
import json

import cv2
import numpy as np

from edge.sinks.web import Web
from edge.types import Frame, Result, Status

TOKEN = "correct-horse-battery"
RUNNING = Status("running", "demo", 29.8, 3, 60.0, {"total": (2.0, 3.0)}, 51.0, False, 78.0)
Answer = tuple[int, dict[str, str], str]


def port_of(web: Web) -> int:
    return web.port


def ask(web: Web, address: str = "/", method: str = "GET", body: str | None = None, **headers: str) -> Answer:
    """One request; header names with _ for -. Returns the status, the headers and the text."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(web), timeout=60)
    try:
        connection.request(method, address, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


def viewers(web: Web) -> dict[str, int]:
    """How many look at each kind of stream."""
    return {stream: metric(web, "web_viewers", f'stream="{stream}"') for stream in ("events", "picture")}


def metric(web: Web, name: str, labels: str = "") -> int:
    """What monitoring is told."""
    begin = f"emotion_edge_{name}{{{labels}}} " if labels else f"emotion_edge_{name} "
    (told,) = [line for line in ask(web, "/metrics")[2].splitlines() if line.startswith(begin)]
    return int(float(told.removeprefix(begin)))


class Listener:
    """A stream that is being read."""

    def __init__(self, web: Web, address: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port_of(web), timeout=60)
        self._connection.request("GET", address, headers={name.replace("_", "-"): v for name, v in headers.items()})
        self.answer = self._connection.getresponse()

    def line(self) -> str:
        return self.answer.readline().decode().rstrip("\r\n")

    def event(self) -> tuple[str, object, str | None]:
        """The next server-sent event: its name, data and number."""
        fields: dict[str, str] = {}
        while line := self.line():
            name, _, fields[name] = line.partition(": ")
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def events_until(self, name: str) -> list[tuple[str, object, str | None]]:
        seen = [self.event()]
        while seen[-1][0] != name:
            seen.append(self.event())
        return seen

    def jpeg(self) -> np.ndarray:
        """The next picture of a multipart stream."""
        while not (line := self.line()).startswith("Content-Length"):
            assert not self.answer.isclosed(), "the stream goes on"
        assert self.line() == ""
        return cv2.imdecode(np.frombuffer(self.answer.read(int(line.split()[1])), np.uint8), cv2.IMREAD_COLOR)

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


def noise(number: int = 0) -> Result:
    """A large picture that does not compress."""
    image = np.random.default_rng(number).integers(0, 256, (720, 960, 3), np.uint8)
    return Result(Frame(image, 100.0 + number, 0.0, number), 0.0)
