"""A virtual screen of X11: what it shows, and keys and buttons as if somebody pressed them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.types import Image

SCREEN = (1024, 768)


@dataclass(frozen=True)
class Screen:
    """A virtual X screen, whose pixels lie in a file."""

    display: str
    pixels: Path
    connection: Any

    def shot(self) -> Image:
        """(768, 1024, 3) BGR. The file is in the format of xwd: a header of big-endian words, colours, pixels."""
        content = self.pixels.read_bytes()
        header = np.frombuffer(content, ">u4", 25)
        start = int(header[0]) + 12 * int(header[19])
        rows = np.frombuffer(content, np.uint8, int(header[5]) * int(header[12]), start)
        return rows.reshape(int(header[5]), -1, 4)[:, : int(header[4]), :3].copy()

    def window(self) -> Any:
        """The one window with our title; None where there is none."""
        windows = self.connection.screen().root.query_tree().children
        return next((window for window in windows if self._title(window) == "emotion-edge"), None)

    def _title(self, window: Any) -> Any:
        # The focus may also be on no window: then it is a number.
        title = self.connection.intern_atom("_NET_WM_NAME")
        return window.get_full_text_property(title) if hasattr(window, "get_full_text_property") else None

    def press(self, key: str) -> None:
        """As if typed on a keyboard, while the window has the focus."""
        from Xlib import XK, X
        from Xlib.ext import xtest

        if window := self.window():  # else a window manager framed it, and gives it the focus
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
        assert until(lambda: self._title(self.connection.get_input_focus().focus) == "emotion-edge")
        code = self.connection.keysym_to_keycode(XK.string_to_keysym(key))
        xtest.fake_input(self.connection, X.KeyPress, code)
        xtest.fake_input(self.connection, X.KeyRelease, code)
        self.connection.sync()

    def park_pointer(self) -> None:
        """Into the corner: where a window shows the pointer it is part of the picture."""
        from Xlib import X
        from Xlib.ext import xtest

        xtest.fake_input(self.connection, X.MotionNotify, x=SCREEN[0] - 1, y=SCREEN[1] - 1)
        self.connection.sync()

    def press_close_button(self) -> None:
        """What a window manager sends when the cross is clicked."""
        from Xlib.protocol.event import ClientMessage

        protocols, delete = (self.connection.intern_atom(name) for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
        window = self.window()
        window.send_event(ClientMessage(window=window, client_type=protocols, data=(32, [delete, 0, 0, 0, 0])))
        self.connection.sync()

    def resize(self, width: int, height: int) -> None:
        self.window().configure(width=width, height=height)
        self.connection.sync()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
