"""The console's framebuffer: a file in place of the screen's memory, answers in place of the kernel's."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.config import WindowConfig
from edge.control import Control
from edge.errors import SinkError
from edge.overlay import Overlay
from edge.sinks.window import Window, framebuffer
from edge.sinks.window.framebuffer import FBIOGET_FSCREENINFO, FBIOGET_VSCREENINFO, FramebufferScreen
from edge.sinks.window.keyboard import EV_KEY, EVENT, Keyboard
from edge.types import Image, Status
from tests.results import result, track

RNG = np.random.default_rng(1)


@dataclass(frozen=True)
class Kernel:
    """What a driver answers about one screen. colours: offset and length of red, green, blue."""

    width: int = 64
    height: int = 48
    left: int = 0
    top: int = 0
    bits: int = 32
    colours: tuple[tuple[int, int], ...] = ((16, 8), (8, 8), (0, 8))
    line_bytes: int = 64 * 4
    memory_bytes: int = 64 * 4 * 48

    def answer(self, _descriptor: int, request: int, argument: object = None) -> int:
        if isinstance(argument, bytearray) and request == FBIOGET_VSCREENINFO:
            sizes = (self.width, self.height, self.width, self.height, self.left, self.top, self.bits, 0)
            struct.pack_into("8I", argument, 0, *sizes)
            for i, (offset, length) in enumerate(self.colours):
                struct.pack_into("3I", argument, 32 + 12 * i, offset, length, 0)
        elif isinstance(argument, bytearray) and request == FBIOGET_FSCREENINFO:
            struct.pack_into("@16sLI", argument, 0, b"test", 0, self.memory_bytes)
            struct.pack_into("@I", argument, 48, self.line_bytes)
        return 0


class Driver:
    """The framebuffer of one board; what is plugged in may change."""

    def __init__(self, folder: Path, kernel: Kernel) -> None:
        self.kernel = kernel
        self.path = folder / "fb0"
        self.path.write_bytes(bytes(1 << 20))

    def open(self, keyboard: Keyboard | None = None) -> FramebufferScreen:
        return FramebufferScreen(self.path, keyboard or Keyboard(self.path.parent / "none"), self._ioctl)

    def _ioctl(self, *arguments: object) -> int:
        return self.kernel.answer(*arguments)  # type: ignore[arg-type]

    def rows(self) -> np.ndarray:
        """(rows of the memory, bytes of a row)."""
        content = np.frombuffer(self.path.read_bytes(), np.uint8, self.kernel.memory_bytes)
        return content.reshape(-1, self.kernel.line_bytes)


def picture(width: int = 64, height: int = 48) -> Image:
    return RNG.integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def driver(tmp_path) -> Driver:
    return Driver(tmp_path, Kernel())


def test_a_picture_in_the_usual_order(driver):
    screen, image = driver.open(), picture()
    assert screen.size == (64, 48)
    screen.present(image)
    assert np.array_equal(driver.rows().reshape(48, 64, 4)[..., :3], image)
    screen.close()
    screen.close()
    assert not driver.rows().any(), "it leaves the screen black"


def test_red_first_and_24_bits(driver):
    image = picture()
    driver.kernel = Kernel(colours=((0, 8), (8, 8), (16, 8)))
    screen = driver.open()
    screen.present(image)
    assert np.array_equal(driver.rows().reshape(48, 64, 4)[..., :3], image[..., ::-1])
    screen.close()
    for colours, expected in ((((16, 8), (8, 8), (0, 8)), image), (((0, 8), (8, 8), (16, 8)), image[..., ::-1])):
        driver.kernel = Kernel(bits=24, colours=colours, line_bytes=64 * 3, memory_bytes=64 * 3 * 48)
        screen = driver.open()
        screen.present(image)
        assert np.array_equal(driver.rows().reshape(48, 64, 3), expected)
        screen.close()


def test_16_bits(driver):
    driver.kernel = Kernel(bits=16, colours=((11, 5), (5, 6), (0, 5)), line_bytes=128, memory_bytes=128 * 48)
    screen, image = driver.open(), picture()
    screen.present(image)
    words = driver.rows().view("<u2").astype(int)
    blue, green, red = (image[..., i].astype(int) for i in range(3))
    assert np.array_equal(words, (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3)
    screen.close()


def test_only_the_visible_part_is_written(driver):
    """Rows are padded, and the visible part begins below and beside the memory's beginning (panning)."""
    driver.kernel = Kernel(left=3, top=5, line_bytes=320, memory_bytes=320 * 60)
    driver.path.write_bytes(b"\x77" * (320 * 60))
    screen, image = driver.open(), picture()
    screen.present(image)
    rows = driver.rows()
    visible = rows[5:53, 12 : 12 + 256]
    assert np.array_equal(visible.reshape(48, 64, 4)[..., :3], image)
    assert (rows[:5] == 0x77).all()
    assert (rows[53:] == 0x77).all()
    assert (rows[:, :12] == 0x77).all()
    assert (rows[:, 268:] == 0x77).all()
    screen.close()


def test_another_screen_is_plugged_in(driver):
    screen = driver.open()
    screen.present(picture())
    driver.kernel = Kernel(width=40, height=30, line_bytes=160, memory_bytes=160 * 30)
    screen.present(picture())  # drawn for the old one: fitted in
    assert screen.size == (40, 30)
    image = picture(40, 30)
    screen.present(image)
    assert np.array_equal(driver.rows().reshape(30, 40, 4)[..., :3], image)
    screen.close()


def test_a_large_screen_is_drawn_smaller_and_filled(driver):
    driver.kernel = Kernel(width=1920, height=1080, line_bytes=7680, memory_bytes=7680 * 1080)
    driver.path.write_bytes(bytes(7680 * 1080))
    screen = driver.open()
    width, height = screen.size
    assert width * height <= 1280 * 800
    assert width / height == pytest.approx(16 / 9, abs=0.01)
    image = np.full((height, width, 3), 200, np.uint8)
    screen.present(image)
    assert (driver.rows().reshape(1080, 1920, 4)[..., :3] == 200).all()
    screen.close()


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (Kernel(bits=8), "8 bits a pixel"),
        (Kernel(colours=((24, 8), (8, 8), (0, 8))), "an order we do not know"),
        (Kernel(memory_bytes=100), "sizes that do not fit"),
        (Kernel(line_bytes=100), "sizes that do not fit"),
        (Kernel(height=0), "sizes that do not fit"),
    ],
)
def test_a_screen_we_cannot_serve_is_one_line(driver, kernel, words):
    driver.kernel = kernel
    with pytest.raises(SinkError, match=words):
        driver.open()


def test_no_framebuffer_is_one_line(tmp_path):
    with pytest.raises(SinkError, match="fb7: No such file"):
        FramebufferScreen(tmp_path / "fb7")


@pytest.fixture
def keys(tmp_path):
    """Two keyboards: named pipes, into which the test types."""
    folder = tmp_path / "input"
    folder.mkdir()
    os.mkfifo(folder / "event0")
    now = [0.0]
    keyboard = Keyboard(folder, lambda: now[0])
    assert keyboard.take_keys() == []
    writer = os.open(folder / "event0", os.O_WRONLY)

    def press(code: int, value: int = 1, kind: int = EV_KEY) -> None:
        os.write(writer, EVENT.pack(0, 0, kind, code, value))

    yield keyboard, press, folder, now
    os.close(writer)
    keyboard.close()


def test_keys_of_the_console(keys):
    keyboard, press, _, _ = keys
    for code in (25, 48, 16, 1, 30, 25):  # p b q Esc a p
        press(code)
        press(code, value=0)
        press(code, value=2)  # held down
    press(25, kind=2)  # a mouse moves
    assert keyboard.take_keys() == ["pause", "bars", "quit", "quit", "pause"]
    assert keyboard.take_keys() == []


def test_a_keyboard_may_come_and_go(keys):
    keyboard, press, folder, now = keys
    os.mkfifo(folder / "event1")
    assert keyboard.take_keys() == []
    now[0] += 10
    assert keyboard.take_keys() == []
    second = os.open(folder / "event1", os.O_WRONLY)
    os.write(second, EVENT.pack(0, 0, EV_KEY, 48, 1))
    assert keyboard.take_keys() == ["bars"]
    os.write(second, b"torn")
    press(25)
    assert keyboard.take_keys() == ["pause"]
    os.close(second)


def test_the_window_falls_back_to_it_and_obeys_its_keys(driver, keys, monkeypatch):
    keyboard, press, _, _ = keys
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    driver.kernel = Kernel(width=320, height=240, line_bytes=1280, memory_bytes=1280 * 240)
    monkeypatch.setattr(framebuffer, "FramebufferScreen", lambda: driver.open(keyboard))
    control = Control()
    window = Window(WindowConfig(console="framebuffer"), control)
    window.open()
    status = Status("running", "demo", fps=25)
    window.status(status)
    window.show(result(track()))
    shown = driver.rows().reshape(240, 320, 4)[..., :3]
    assert np.array_equal(shown, Overlay("picture", False).draw(result(track()), status, (320, 240)))
    press(48)
    window.show(result(track()))
    shown = driver.rows().reshape(240, 320, 4)[..., :3]
    assert np.array_equal(shown, Overlay("picture", True).draw(result(track()), status, (320, 240)))
    press(25)
    window.status(status)
    assert not control.detection
    window.status(replace(status, state="paused"))
    assert cv2.absdiff(driver.rows().reshape(240, 320, 4)[..., :3], shown).any()
    press(16)
    window.status(status)
    assert control.stop.is_set()
    window.close()
    window.close()
