"""The page in a real browser: on a phone and on a desk, by day and by night, and when things go wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import pytest

from edge.config import WebConfig
from edge.emotion.labels import LABELS
from edge.types import Box, Event, Frame, Result, State, Status, Track
from tests.chromium import chromium, complaints, look_like
from tests.mosquitto import free_port, wait_until
from tests.results import track

pytest.importorskip("tornado")
from edge.sinks.web import Web

PHONE, DESK = (360, 740), (1280, 860)
TOKEN = "correct-horse-battery"

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
        self._image = cv2.resize(cv2.imread("edge/assets/portrait.jpg"), (320, 240))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            if self.state == "running":
                events = tuple(self.events)
                self.events.clear()
                frame = Frame(self._image, time.monotonic(), time.time(), number)
                self.web.show(Result(frame, number / 20, self.tracks, events, {"total": 2.6}))
            if number % 10 == 0:
                self.web.status(Status(self.state, "demo", 29.8, 3, 4000.0, {"total": (2.6, 3.0)}, 81.0, True, 78.0))
            number += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.web.close()


def face(number: int, emotion: str, x: float, *, uncertain: bool = False) -> Track:
    seen = track(number, emotion, 0.81, uncertain=uncertain)
    return replace(seen, face=replace(seen.face, box=Box(x, 40.0, x + 70, 120.0)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def device(browser) -> Iterator[Device]:
    yield from running(browser, WebConfig(True, port=free_port()))


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
    browser.get(f"http://127.0.0.1:{device.web._config.port}/")


def text(browser: Any, selector: str) -> str:
    return str(browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector))


def wait_for(browser: Any, selector: str, words: str) -> None:
    wait_until(lambda: words in text(browser, selector))


def picture_width(browser: Any) -> int:
    """Of the live picture, in its own pixels; 0 where there is none."""
    return int(
        browser.execute_script("const p = document.getElementById('picture'); return p.hidden ? 0 : p.naturalWidth")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_all_is_there_and_can_be_read(browser, device, size, scheme):
    device.tracks = (face(3, "happy", 20), face(4, "fear", 120), face(5, "sad", 220, uncertain=True))
    visit(browser, device, size, scheme)
    wait_for(browser, "#faces", "uncertain")
    wait_until(lambda: picture_width(browser) == 320)
    wait_for(browser, "#fps", "30 fps")
    assert browser.execute_script("return document.documentElement.scrollWidth") == size[0]
    assert text(browser, "#state") == "live"
    assert "everyone who can open this page sees it" in text(browser, "#privacy")
    cards = browser.find_elements("css selector", ".face")
    assert [card.find_element("css selector", ".word").text for card in cards] == ["happy", "fear", "uncertain"]
    for card in cards:
        assert [label.text for label in card.find_elements("css selector", ".label")] == list(LABELS)
    assert [card.find_element("css selector", ".percent").text for card in cards] == ["81%", "81%", ""]
    assert len(browser.find_elements("css selector", "#strip .lane")) == 3
    assert text(browser, "#temperature") == "81 °C, slowed down"
    too_faint = [(words, contrast) for words, contrast in browser.execute_script(CONTRASTS) if contrast < 4.5]
    assert not too_faint
    assert not complaints(browser)


def test_a_bar_is_as_long_as_its_probability(browser, device):
    visit(browser, device)
    wait_for(browser, ".word", "happy")
    time.sleep(0.5)
    bar = "const [a, b] = ['.track', '.fill'].map(s => document.querySelector('.chosen ' + s).getBoundingClientRect());"
    assert browser.execute_script(bar + "return (b.right - a.left) / a.width") == pytest.approx(0.81, abs=0.01)


def test_a_face_has_the_overlays_colour(browser, device):
    visit(browser, device, scheme="dark")
    wait_for(browser, ".word", "happy")
    assert browser.find_element("css selector", ".chosen .fill").value_of_css_property("background-color") == (
        "rgba(220, 140, 190, 1)"
    )


def test_people_come_and_go(browser, device):
    device.tracks = ()
    visit(browser, device)
    wait_for(browser, "#nobody", "No face in view")
    device.events.append(Event("face_appeared", 9, None, "surprise", 0.8))
    device.tracks = (face(9, "surprise", 60),)
    wait_for(browser, ".word", "surprise")
    wait_for(browser, "#said", "Face 9 has come: surprise.")
    assert browser.find_element("id", "said").get_attribute("aria-live") == "polite"
    assert not browser.find_element("id", "nobody").is_displayed()


def test_pause_and_a_lost_camera_take_the_picture_away(browser, device):
    visit(browser, device)
    wait_until(lambda: picture_width(browser))
    for state, word, title in (("paused", "paused", "Paused"), ("waiting", "camera lost", "Camera lost")):
        device.state = state
        wait_for(browser, "#message", title)
        assert text(browser, "#state") == word
        assert picture_width(browser) == 0
        assert text(browser, "#faces") == ""
        wait_until(lambda: device.web._site.looking["picture"] == 0)
    device.state = "running"
    wait_until(lambda: picture_width(browser))
    wait_for(browser, "#state", "live")


def test_a_lost_connection_comes_back_with_its_last_minutes(browser, device):
    visit(browser, device)
    wait_for(browser, "#state", "live")
    wait_until(lambda: len(device.web._board.history()) > 2)  # the newest may be too new to be called before
    lost_at = browser.execute_script("return performance.now()")
    device.web.close()
    wait_for(browser, "#message", "Connection lost")
    assert text(browser, "#state") == "reconnecting"
    assert text(browser, "#fps") == "–"
    device.web.open()
    wait_for(browser, "#state", "live")
    before = "return past.filter((sample) => sample.at < arguments[0]).length"
    wait_until(lambda: browser.execute_script(before, lost_at) > 1)
    wait_until(lambda: picture_width(browser))


def test_the_keyboard_hides_the_picture_and_the_device_stops_drawing(browser, device):
    visit(browser, device)
    wait_until(lambda: picture_width(browser))
    keys = browser.find_element("css selector", "body")
    keys.send_keys("\ue004")  # Tab
    assert browser.switch_to.active_element.text == "Hide picture"
    assert browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.switch_to.active_element.send_keys("\ue007")  # Enter
    wait_for(browser, "#message", "Picture hidden")
    wait_until(lambda: device.web._site.looking["picture"] == 0)
    drawn = device.web._board.picture()[0]
    time.sleep(0.3)
    assert device.web._board.picture()[0] == drawn
    browser.switch_to.active_element.send_keys("\ue007")
    wait_until(lambda: picture_width(browser))


def test_nobody_looks_at_a_page_in_the_background(browser, device):
    visit(browser, device)
    wait_until(lambda: picture_width(browser))
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        wait_until(lambda: sum(device.web._site.looking.values()) == 0)
    finally:
        browser.close()
        browser.switch_to.window(first)
    wait_until(lambda: device.web._site.looking == {"events": 1, "picture": 1})


def test_calm_where_calm_is_asked_for(browser, device):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    browser.get(f"http://127.0.0.1:{device.web._config.port}/")
    wait_for(browser, ".word", "happy")
    assert browser.find_element("css selector", ".fill").value_of_css_property("transition-duration") == "0s"


def test_one_viewer_too_many_is_told(browser):
    for device in running(browser, WebConfig(True, port=free_port(), viewers=1)):
        visit(browser, device)
        wait_for(browser, "#state", "live")
        first = browser.current_window_handle
        device.web._site.looking["events"] += 1  # somebody else looks
        browser.refresh()
        wait_for(browser, "#message", "Too many viewers")
        assert browser.current_window_handle == first
        device.web._site.looking["events"] -= 1
        wait_for(browser, "#state", "live")


def test_no_picture_where_none_is_wanted(browser):
    for device in running(browser, WebConfig(True, port=free_port(), style="none")):
        visit(browser, device, DESK)
        wait_for(browser, ".word", "happy")
        assert not browser.find_element("id", "stage").is_displayed()
        device.state = "paused"
        wait_for(browser, "#message", "Paused")
        assert browser.find_element("id", "stage").is_displayed()
        assert not complaints(browser)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_token_opens_the_page_and_leaves_no_trace(browser, tmp_path, scheme):
    (tmp_path / "token").write_text(TOKEN)
    config = WebConfig(True, port=free_port(), token_file=str(tmp_path / "token"), style="blurred")
    browser.delete_all_cookies()
    for device in running(browser, config):
        visit(browser, device, scheme=scheme)
        wait_for(browser, "label", "Token")
        assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE[0]
        field = browser.find_element("id", "token")
        field.send_keys("nonsense\ue007")
        wait_for(browser, "#wrong", "This is not the token.")
        assert all(contrast >= 4.5 for _, contrast in browser.execute_script(CONTRASTS))
        browser.get(f"http://127.0.0.1:{config.port}/?token={TOKEN}")
        wait_for(browser, "#state", "live")
        wait_until(lambda: picture_width(browser))
        assert browser.current_url == f"http://127.0.0.1:{config.port}/"
        assert TOKEN not in browser.page_source
        assert browser.execute_script("return document.cookie") == ""
        assert "is not blurred" in text(browser, "#privacy")
        browser.delete_all_cookies()
