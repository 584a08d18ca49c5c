"""A device that has faces to show, and what is done with its page in a real browser."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2

from edge.config import WebConfig
from edge.errors import SinkError
from edge.sinks.web import Web
from edge.types import Box, Event, Frame, Result, State, Status, Track
from tests.chromium import complaints, look_like
from tests.mosquitto import wait_until
from tests.results import track

PHONE, DESK = (360, 740), (1280, 860)

# Every visible piece of text: its words and the contrast with what is behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
};
const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = rgba(getComputedStyle(one).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
  if (!words || !element.checkVisibility() || element.closest("noscript, template")) continue;
  const style = getComputedStyle(element), drawn = element instanceof SVGElement ? style.fill : style.color;
  const [a, b] = [luminance(rgba(drawn)), luminance(behind(element))].sort((x, y) => y - x);
  found.push([words, (a + 0.05) / (b + 0.05)]);
}
return found;
"""


class Device:
    """Shows its faces to the sink, twenty times a second, and tells its state."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.state: State = "running"
        self.tracks: tuple[Track, ...] = (face(3, "happy", 60),)
        self.events: list[Event] = []
        self.recording = False
        self._image = cv2.resize(cv2.imread("edge/assets/portrait.jpg"), (320, 240))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            with contextlib.suppress(SinkError):  # a test has closed the page for a while
                self._tell(number)
            number += 1

    def _tell(self, number: int) -> None:
        if self.state == "running":
            events = tuple(self.events)
            self.events.clear()
            frame = Frame(self._image, time.monotonic(), time.time(), number)
            self.web.show(Result(frame, number / 20, self.tracks, events, {"total": 2.6}))
        if number % 10 == 0:
            self.web.status(
                Status(self.state, "demo", 29.8, 3, 4000.0, {"total": (2.6, 3.0)}, 81.0, True, 78.0, self.recording)
            )

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.web.close()


def face(number: int, emotion: str, x: float, *, uncertain: bool = False) -> Track:
    seen = track(number, emotion, 0.81, uncertain=uncertain)
    return replace(seen, face=replace(seen.face, box=Box(x, 40.0, x + 70, 120.0)))


def running(browser: Any, config: WebConfig) -> Iterator[Device]:
    web = Web(config, "demo")
    web.open()
    one = Device(web)
    yield one
    browser.get("about:blank")
    one.stop()


def visit(browser: Any, device: Device, size: tuple[int, int] = PHONE, scheme: str = "light") -> None:
    look_like(browser, *size, scheme)
    complaints(browser)  # those of the test before
    browser.get(f"http://127.0.0.1:{device.web.port}/")


def text(browser: Any, selector: str) -> str:
    return str(browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector))


def texts(browser: Any, selector: str) -> list[str]:
    """Of every element, in one question: a face's card may be replaced between two."""
    ask = "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)"
    return [str(text) for text in browser.execute_script(ask, selector)]


def wait_for(browser: Any, selector: str, words: str) -> None:
    wait_until(lambda: words in text(browser, selector))


def picture_width(browser: Any) -> int:
    """Of the live picture, in its own pixels; 0 where there is none."""
    return int(
        browser.execute_script("const p = document.getElementById('picture'); return p.hidden ? 0 : p.naturalWidth")
    )
