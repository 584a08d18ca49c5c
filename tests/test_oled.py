"""Small displays: luma's real drivers on a bus that answers, and its dummy device for what is shown when."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from edge.config import OledConfig
from edge.errors import SinkError
from edge.overlay.ink import RED
from edge.overlay.small import lit, nearest, small_face, small_nobody
from edge.sinks.oled import Oled, open_device
from edge.types import Box, Status
from tests.fakes import FakeClock
from tests.results import result, track

luma = pytest.importorskip("luma.core.device")

SIZES = [(128, 64), (128, 32), (64, 128), (128, 128), (160, 128), (240, 240), (320, 240), (240, 320)]
STATES = [None, Status("running", "x"), Status("paused", "x"), Status("waiting", "x")]


class Slow(luma.dummy):
    """Takes a while for each picture, and counts them."""

    takes_s = 0.1

    def __init__(self, clock: FakeClock, **settings) -> None:
        self.clock, self.pictures = clock, []
        super().__init__(**settings)

    def display(self, image) -> None:
        super().display(image)
        self.clock.now += self.takes_s
        self.pictures.append(np.asarray(self.image.convert("L")))

    def cleanup(self) -> None:
        self.pictures.append("off")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def shown(clock, monkeypatch):
    """An open sink, and the pictures its display has got."""
    device = Slow(clock, mode="1")
    monkeypatch.setattr("edge.sinks.oled.open_device", lambda config: device)
    sink = Oled(OledConfig(True), clock)
    sink.open()
    clock.now += 10
    device.pictures.clear()
    return sink, device.pictures


# --- what is drawn


@pytest.mark.parametrize("size", SIZES)
def test_everything_fits(size):
    """Nothing touches the edges but the dot, and all words are wholly there: the margin has no ink."""
    pictures = [small_nobody(state, size) for state in STATES]
    for label in ("happy", "surprise", "disgust"):
        pictures += [small_face(track(emotion=label), others, None, size) for others in (0, 3, 99)]
    pictures.append(small_face(track(uncertain=True), 0, None, size))
    for picture in pictures:
        assert picture.shape == (size[1], size[0], 3)
        ink = lit(picture)
        assert ink.any()
        assert not ink[:, -1].any()
        assert not ink[:, 0].any()


@pytest.mark.parametrize("size", SIZES)
def test_each_emotion_looks_different_in_black_and_white(size):
    from edge.emotion.labels import LABELS

    pictures = {lit(small_face(track(emotion=label), 0, None, size)).tobytes() for label in LABELS}
    pictures.add(lit(small_face(track(uncertain=True), 0, None, size)).tobytes())
    pictures |= {lit(small_nobody(state, size)).tobytes() for state in STATES[1:]}
    assert len(pictures) == 11


@pytest.mark.parametrize("size", SIZES)
def test_the_bar_grows_with_confidence_and_does_not_tremble(size):
    def ink(confidence: float) -> int:
        return int((lit(small_face(track(confidence=confidence), 0, None, size)) > 0).sum())

    amounts = [ink(confidence) for confidence in (0.3, 0.5, 0.7, 0.9, 1.0)]
    assert amounts == sorted(set(amounts))
    assert ink(0.90) == ink(0.91)


@pytest.mark.parametrize("size", SIZES)
def test_recording_is_seen_also_without_colours(size):
    quiet, recording = STATES[1], replace(STATES[1], recording=True)
    for make in (lambda status: small_face(track(), 0, status, size), lambda status: small_nobody(status, size)):
        added = make(recording).astype(int) - make(quiet)
        assert (make(recording) == np.array(RED, np.uint8)).all(axis=-1).sum() >= 9
        assert lit(make(recording))[:5, :5].sum() > lit(make(quiet))[:5, :5].sum()
        assert not added[size[1] // 2 :].any()


def test_the_nearest_face_is_shown_and_stays_until_another_is_clearly_nearer():
    def at(number: int, side: float):
        one = track(number)
        return replace(one, face=replace(one.face, box=Box(0, 0, side, side)))

    assert nearest([], None) is None
    assert nearest([at(1, 100), at(2, 110)], None).id == 2
    assert nearest([at(1, 100), at(2, 110)], 1).id == 1
    assert nearest([at(1, 100), at(2, 130)], 1).id == 2


# --- what is sent


def test_a_picture_is_sent_only_when_it_has_changed(shown, clock):
    sink, pictures = shown
    for _ in range(30):
        sink.show(result(track()))
        clock.now += 1
    assert len(pictures) == 1
    sink.show(result(track(emotion="sad")))
    assert len(pictures) == 2
    assert (pictures[0] != pictures[1]).any()


def test_a_slow_bus_takes_a_fifth_of_the_time_and_the_last_picture_arrives(shown, clock):
    sink, pictures = shown
    began = clock.now
    for number in range(100):
        sink.show(result(track(emotion=("happy", "sad")[number % 2])))
        clock.now += 0.033
    assert len(pictures) * Slow.takes_s <= 0.25 * (clock.now - began)
    for _ in range(30):
        sink.show(result(track(emotion="angry")))
        clock.now += 0.033
    assert np.array_equal(pictures[-1], lit(small_face(track(emotion="angry"), 0, None, (128, 64))))


def test_with_nobody_there_it_goes_dark_and_comes_back(shown, clock):
    sink, pictures = shown
    for _ in range(120):
        sink.show(result())
        clock.now += 1
    assert not pictures[-1].any()
    sink.show(result(track()))
    assert pictures[-1].any()
    clock.now += 1
    sink.show(result())
    assert pictures[-1].any()
    assert len(pictures) == 3


def test_a_paused_camera_is_told(shown, clock):
    sink, pictures = shown
    sink.show(result(track()))
    clock.now += 5
    sink.status(Status("paused", "auto"))
    assert np.array_equal(pictures[-1], lit(small_nobody(Status("paused", "auto"), (128, 64))))


def test_closing_switches_the_display_off_once(shown):
    sink, pictures = shown
    sink.close()
    sink.close()
    sink.show(result(track()))
    sink.status(Status("paused", "auto"))
    assert pictures == ["off"]


@pytest.mark.parametrize("mode", ["1", "RGB"])
@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
def test_colours_and_quarter_turns(monkeypatch, mode, rotation):
    device = luma.dummy(width=128, height=64, rotate=rotation, mode=mode)
    monkeypatch.setattr("edge.sinks.oled.open_device", lambda config: device)
    sink = Oled(OledConfig(True))
    sink.open()
    sink.show(result(track()))
    assert device.image.size == (128, 64)
    sink.close()


# --- real drivers


class Bus:
    """/dev/i2c-1 with a display at 0x3C, as smbus2 offers it: keeps what is written."""

    there = 0x3C
    written: list[bytes] = []  # noqa: RUF012
    closed = 0

    def __init__(self, port: int) -> None:
        if port != 1:
            raise FileNotFoundError(2, "No such file or directory", f"/dev/i2c-{port}")

    def i2c_rdwr(self, message) -> None:
        self._take(message.addr, bytes(message))

    def write_i2c_block_data(self, address: int, register: int, values: list[int]) -> None:
        self._take(address, bytes([register, *values]))

    def _take(self, address: int, content: bytes) -> None:
        if address != self.there:
            raise OSError(121, "Remote I/O error")
        self.written.append(content)

    def close(self) -> None:
        Bus.closed += 1


@pytest.fixture
def bus(monkeypatch):
    monkeypatch.setattr("smbus2.SMBus", Bus)
    Bus.written, Bus.closed = [], 0
    return Bus


# Pillow 12.1 is about to rename what luma's drivers for monochrome displays call.
@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")
@pytest.mark.parametrize("driver", ["ssd1306", "sh1106"])
def test_a_real_driver_gets_the_picture(bus, driver):
    sink = Oled(OledConfig(True, driver), FakeClock())
    sink.open()
    for face in (track(), track(emotion="sad"), track(uncertain=True)):
        sink.show(result(face))
        assert np.array_equal(memory(bus.written) * 255, lit(small_face(face, 0, None, (128, 64))))
    sink.close()
    assert bus.closed == 1


def memory(written: list[bytes]) -> np.ndarray:
    """(64, 128) 0 or 1: what an SSD1306 (addressed by windows) or SH1106 (by page, from column 2 on) then shows."""
    pages = np.zeros((8, 132), np.uint8)
    first, last, page, start = 0, 127, 0, 0
    column = 0
    for content in written:
        control, *values = content
        if control == 0x40:
            for value in values:
                pages[page, column] = value
                column += 1
                if column > last and start == 0:
                    column, page = first, (page + 1) % 8
        elif values[:1] == [0x21]:
            _, first, last, _, page, _ = values
            column = first
        elif len(values) == 3 and values[0] & 0xF0 == 0xB0:
            page, column = values[0] & 0xF, (values[1] & 0xF) | (values[2] & 0xF) << 4
            start, last = 2, 131
    return np.unpackbits(pages[:, start : start + 128][:, None, :], axis=1, bitorder="little").reshape(64, 128)


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")
@pytest.mark.parametrize("driver", ["ssd1306", "sh1106"])
def test_only_what_changed_is_sent_and_a_slow_bus_holds_nobody_up(bus, clock, monkeypatch, driver):
    """I2C at 100 kHz: 90 microseconds a byte. A call keeps the loop for little more than a page's 12 ms."""
    sink = Oled(OledConfig(True, driver), clock)
    sink.open()
    taken = Bus._take

    def slow(self, address, content):
        clock.now += 90e-6 * (len(content) + 1)
        taken(self, address, content)

    monkeypatch.setattr(Bus, "_take", slow)
    longest = 0.0
    for number in range(120):
        before = clock.now
        sink.show(result(track(emotion="happy" if number < 60 else "sad")))
        longest = max(longest, clock.now - before)
        clock.now += 0.033
    assert longest < 0.026
    assert np.array_equal(memory(bus.written) * 255, lit(small_face(track(emotion="sad"), 0, None, (128, 64))))
    bus.written.clear()
    sink.show(result(track(emotion="sad", confidence=0.95)))
    assert 0 < sum(map(len, bus.written)) < 300


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")
@pytest.mark.parametrize(
    ("driver", "width", "height"),
    [
        ("ssd1306", 128, 32),
        ("ssd1309", 128, 64),
        ("sh1106", 128, 64),
        ("sh1107", 128, 128),
        ("ssd1327", 128, 128),
    ],
)
def test_every_driver_of_the_list_opens(bus, driver, width, height):
    sink = Oled(OledConfig(True, driver, width=width, height=height))
    sink.open()
    sink.show(result(track()))
    sink.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": 7}, r"ssd1306 on /dev/i2c-7, address 0x3C: .*not found"),
        ({"address": 0x3D}, r"address 0x3D: .*not found"),
        ({"width": 100}, "Unsupported display mode"),
        ({"interface": "spi", "driver": "st7789"}, "st7789 on /dev/spidev1.0"),
    ],
)
def test_a_display_that_is_not_there_is_one_line(bus, settings, words):
    with pytest.raises(SinkError, match=words) as caught:
        open_device(OledConfig(True, **settings))
    assert "\n" not in str(caught.value)


def test_trying_again_and_again_leaves_nothing_behind(bus, monkeypatch):
    kept = []
    monkeypatch.setattr("atexit.register", kept.append)
    for _ in range(5):
        with pytest.raises(SinkError):
            open_device(OledConfig(True, address=0x3D))
    assert kept == []
    assert bus.closed == 5


def test_without_luma_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "luma.core.error", None)
    with pytest.raises(SinkError, match=r"pip install -e '\.\[oled\]'"):
        Oled(OledConfig(True)).open()
