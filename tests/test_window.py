"""A real window on a virtual screen: what it shows, and that keys and the close button are obeyed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from edge.config import WindowConfig
from edge.control import Control
from edge.errors import SinkError
from edge.overlay import Overlay
from edge.sinks.window import Window
from edge.sinks.window.sdl import console_size
from edge.types import Box, Image, Result, Status
from tests.overlay.scenes import result, scene, track
from tests.stopwatch import Stopwatch
from tests.virtual_screen import SCREEN, Screen, until

RUNNING = Status("running", "demo", fps=25, temperature_c=50)


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    pytest.importorskip("pygame", reason="needs pygame-ce")
    connect = pytest.importorskip("Xlib.display", reason="needs python-xlib").Display
    if not shutil.which("Xvfb"):
        pytest.skip("needs Xvfb (apt-get install xvfb)")
    folder = tmp_path_factory.mktemp("screen")
    reader, writer = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-fbdir", str(folder), "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as numbers:
        number = numbers.readline().strip()
    try:
        connection = connect(f":{number}")
        yield Screen(f":{number}", folder / "Xvfb_screen0", connection)
        connection.close()
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def desktop(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("DISPLAY", screen.display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    unset_driver(monkeypatch)
    screen.park_pointer()
    return screen


@pytest.fixture
def window_manager(desktop: Screen, tmp_path: Path) -> Iterator[None]:
    """On X11 a window does not leave or enter full screen by itself: it asks the window manager."""
    if not shutil.which("openbox"):
        pytest.skip("needs a window manager (apt-get install openbox)")
    ready = tmp_path / "ready"
    manager = subprocess.Popen(["openbox", "--startup", f"touch {ready}"], stderr=subprocess.DEVNULL)
    assert until(ready.exists)
    yield
    manager.terminate()
    manager.wait(10)


def unset_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set first, so that what the window sets is taken back after the test, too."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "")
    monkeypatch.delenv("SDL_VIDEODRIVER")


@pytest.fixture
def opened(desktop: Screen) -> Iterator[tuple[Window, Control]]:
    control = Control()
    window = Window(WindowConfig(), control)
    window.open()
    yield window, control
    window.close()


def happy() -> Result:
    return result(scene(), track(1, Box(250, 150, 370, 300), "happy", 0.93))


def contains(shot: Image, picture: Image) -> bool:
    """Whether the screen shows this picture somewhere, pixel for pixel (up to rounding)."""
    return bool(cv2.matchTemplate(shot, picture, cv2.TM_SQDIFF).min() / picture.size < 1.0)


def test_shows_what_the_overlay_draws(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, control = opened
    window.status(RUNNING)
    window.show(happy())
    expected = Overlay("picture", False).draw(happy(), RUNNING, (960, 652))
    assert until(lambda: contains(desktop.shot(), expected))
    assert not control.stop.is_set()
    assert control.detection


def test_starts_with_a_screen_of_its_own(desktop: Screen, opened: tuple[Window, Control]) -> None:
    assert until(lambda: contains(desktop.shot(), Overlay("picture", False).waiting(None, (960, 652))))


@pytest.mark.parametrize("state", ["paused", "waiting"])
def test_says_why_there_is_no_picture(desktop: Screen, opened: tuple[Window, Control], state: str) -> None:
    window, _ = opened
    window.show(happy())
    lost = replace(RUNNING, state=state)  # type: ignore[arg-type]
    window.status(lost)
    assert until(lambda: contains(desktop.shot(), Overlay("picture", False).waiting(lost, (960, 652))))


@pytest.mark.parametrize("key", ["q", "Escape"])
def test_keys_that_stop(desktop: Screen, opened: tuple[Window, Control], key: str) -> None:
    window, control = opened
    desktop.press(key)
    assert until(lambda: window.status(RUNNING) or control.stop.is_set())


def test_closing_the_window_stops(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, control = opened
    window.show(happy())
    assert not control.stop.is_set()
    desktop.press_close_button()
    assert until(lambda: window.show(happy()) or control.stop.is_set())


def test_p_pauses_and_goes_on(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, control = opened
    desktop.press("p")
    assert until(lambda: window.show(happy()) or not control.detection)
    desktop.press("p")
    assert until(lambda: window.status(replace(RUNNING, state="paused")) or control.detection)
    assert not control.stop.is_set()


def test_b_shows_bars(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, _ = opened
    desktop.press("b")
    expected = Overlay("picture", True).draw(happy(), None, (960, 652))
    assert until(lambda: window.show(happy()) or contains(desktop.shot(), expected))
    window.close()
    window.open()
    window.show(happy())
    assert until(lambda: contains(desktop.shot(), expected)), "the choice survives a reopening"


def test_a_picture_that_stands_obeys_too(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, _ = opened
    window.show(happy())
    desktop.press("b")
    expected = Overlay("picture", True).draw(happy(), RUNNING, (960, 652))
    assert until(lambda: window.status(RUNNING) or contains(desktop.shot(), expected))
    desktop.resize(700, 500)
    smaller = Overlay("picture", True).draw(happy(), RUNNING, (700, 500))
    assert until(lambda: window.status(RUNNING) or contains(desktop.shot(), smaller))


def test_f_fills_the_screen_and_back(desktop: Screen, window_manager: None, opened: tuple[Window, Control]) -> None:
    window, _ = opened
    small, full = (Overlay("picture", False).draw(happy(), None, size) for size in ((960, 652), SCREEN))
    desktop.press("f")
    assert until(lambda: window.show(happy()) or contains(desktop.shot(), full))
    desktop.press("f")
    assert until(lambda: window.show(happy()) or contains(desktop.shot(), small))


def test_a_resized_window_keeps_proportions(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, _ = opened
    window.show(happy())
    desktop.resize(700, 300)
    expected = Overlay("picture", False).draw(happy(), None, (700, 300))
    assert not expected[:, :150].any(), "black bars"
    assert until(lambda: window.show(happy()) or contains(desktop.shot(), expected))


def test_full_screen_from_the_start(desktop: Screen) -> None:
    window = Window(WindowConfig(fullscreen=True, style="none", bars=True), Control())
    window.open()
    try:
        window.show(happy())
        assert until(lambda: contains(desktop.shot(), Overlay("none", True).draw(happy(), None, SCREEN)))
    finally:
        window.close()


def test_opens_and_closes_again_and_again(desktop: Screen) -> None:
    window = Window(WindowConfig(), Control())
    window.close()
    for _ in range(2):
        window.open()
        window.show(happy())
        assert desktop.window()
        window.close()
        window.close()
        assert until(lambda: desktop.window() is None)
    window.show(happy())
    window.status(RUNNING)


def test_showing_takes_less_than_a_frame(desktop: Screen, opened: tuple[Window, Control]) -> None:
    window, _ = opened
    watch = Stopwatch()
    for _ in range(20):
        watch.time(lambda: window.show(happy()))
    assert min(watch.spent_s) < 0.033, "the least, because the X server may be kept waiting, too"


def test_no_sound_and_no_joystick(desktop: Screen, opened: tuple[Window, Control]) -> None:
    import pygame

    assert pygame.display.get_init()
    assert not pygame.mixer.get_init()
    assert not pygame.joystick.get_init()


# --- without a screen


def test_no_screen_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygame", reason="needs pygame-ce")
    unset_driver(monkeypatch)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(SinkError, match="DISPLAY=:4711") as caught:
        Window(WindowConfig(), Control()).open()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(Path("/dev/dri").exists(), reason="this machine has a console that could show a picture")
def test_no_console_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygame", reason="needs pygame-ce")
    unset_driver(monkeypatch)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    window = Window(WindowConfig(), Control())
    with pytest.raises(SinkError, match="/dev/dri"):
        window.open()
    window.show(happy())
    window.close()


@pytest.mark.parametrize("missing", ["pygame", "PIL"])
def test_a_missing_library_names_the_command(missing: str) -> None:
    code = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "from edge.sinks.window import Window\n"
        "from edge.config import WindowConfig; from edge.control import Control; from edge.errors import SinkError\n"
        "try: Window(WindowConfig(), Control()).open()\n"
        "except SinkError as err: print(err)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert ".venv/bin/pip install -e '.[display]'" in done.stdout


def test_pygame_does_not_greet_on_our_output() -> None:
    code = "from edge.sinks.window.sdl import _libraries; _libraries()"
    pytest.importorskip("pygame", reason="needs pygame-ce")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_console_size() -> None:
    large = (3840, 2160), (1920, 1080), (1280, 1024), (1280, 720), (640, 480)
    assert console_size((1920, 1080), large) == (1280, 720)
    assert console_size((800, 480), [(800, 480)]) == (800, 480)
    assert console_size((1920, 1080), [(1920, 1080)]) == (1920, 1080)
    assert console_size((720, 1280), [(720, 1280)]) == (720, 1280)
