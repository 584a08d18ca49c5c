"""The page in a real browser: on a phone and on a desk, by day and by night, and when things go wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edge.config import WebConfig
from edge.emotion.labels import LABELS
from edge.types import Event
from tests.chromium import chromium, complaints
from tests.mosquitto import free_port, wait_until
from tests.web.browsing import (
    CONTRASTS,
    DESK,
    PHONE,
    Device,
    face,
    picture_width,
    running,
    text,
    texts,
    visit,
    wait_for,
)
from tests.web.visitor import TOKEN, Listener, viewers

pytest.importorskip("tornado")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as driver:
        yield driver


@pytest.fixture
def device(browser) -> Iterator[Device]:
    yield from running(browser, WebConfig(True, port=free_port()))


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
    assert texts(browser, ".face .word") == ["happy", "fear", "uncertain"]
    assert texts(browser, ".face .label") == 3 * list(LABELS)
    assert texts(browser, ".face .percent") == ["81%", "81%", ""]
    lanes = "return [...document.querySelectorAll('#strip .lane')].map((lane) => lane.getAttribute('y1'))"
    assert len(set(browser.execute_script(lanes))) == 3
    assert text(browser, "#temperature") == "81 °C, slowed down"
    too_faint = [(words, contrast) for words, contrast in browser.execute_script(CONTRASTS) if contrast < 4.5]
    assert not too_faint
    assert not complaints(browser)


def test_a_card_says_what_the_other_displays_say(browser, device):
    seen, unsure = face(3, "happy", 20, uncertain=True), face(4, "sad", 120)
    device.tracks = (replace(seen, doubtful=False), replace(unsure, doubtful=True))
    visit(browser, device)
    wait_until(lambda: texts(browser, ".face .word") == ["happy", "uncertain"])
    assert texts(browser, ".face .percent") == ["81%", ""]
    assert browser.execute_script("return document.querySelectorAll('.face.uncertain').length") == 1


def test_that_faces_are_recorded_is_plain(browser, device):
    visit(browser, device)
    wait_for(browser, "#privacy", "It is not stored.")
    hidden = "return document.getElementById('recording').hidden"
    assert browser.execute_script(hidden)
    device.recording = True
    wait_for(browser, "#privacy", "Pictures of faces are stored on the device.")
    assert not browser.execute_script(hidden)
    assert "not stored" not in text(browser, "#privacy")
    assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE[0]


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
    for state, word, title in (("paused", "paused", "Paused"), ("waiting", "no camera", "No camera")):
        device.state = state
        wait_for(browser, "#message", title)
        assert text(browser, "#state") == word
        assert picture_width(browser) == 0
        assert text(browser, "#faces") == ""
        wait_until(lambda: viewers(device.web)["picture"] == 0)
    device.state = "running"
    wait_until(lambda: picture_width(browser))
    wait_for(browser, "#state", "live")


def test_a_lost_connection_comes_back_with_its_last_minutes(browser, device):
    visit(browser, device)
    wait_for(browser, "#state", "live")
    wait_until(lambda: len(device.web.board.history()) > 2)  # the newest may be too new to be called before
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
    wait_until(lambda: viewers(device.web)["picture"] == 0)
    drawn = device.web.board.picture()[0]
    time.sleep(0.3)
    assert device.web.board.picture()[0] == drawn
    browser.switch_to.active_element.send_keys("\ue007")
    wait_until(lambda: picture_width(browser))


def test_nobody_looks_at_a_page_in_the_background(browser, device):
    visit(browser, device)
    wait_until(lambda: picture_width(browser))
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        wait_until(lambda: sum(viewers(device.web).values()) == 0)
    finally:
        browser.close()
        browser.switch_to.window(first)
    wait_until(lambda: viewers(device.web) == {"events": 1, "picture": 1})


def test_calm_where_calm_is_asked_for(browser, device):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    browser.get(f"http://127.0.0.1:{device.web.port}/")
    wait_for(browser, ".word", "happy")
    assert browser.find_element("css selector", ".fill").value_of_css_property("transition-duration") == "0s"


def test_one_viewer_too_many_is_told(browser):
    for device in running(browser, WebConfig(True, port=free_port(), viewers=1)):
        somebody_else = Listener(device.web, "/events")
        visit(browser, device)
        wait_for(browser, "#message", "Too many viewers")
        somebody_else.close()
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
