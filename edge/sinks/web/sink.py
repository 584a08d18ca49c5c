"""The sink: writes results on the board, and draws the picture while somebody looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import cv2

from edge.config import WebConfig
from edge.errors import SinkError
from edge.extras import how_to_install
from edge.sinks.secrets import page_token
from edge.sinks.web.board import Board
from edge.sinks.web.door import Door
from edge.types import Frame, Result, Status

if TYPE_CHECKING:
    from edge.overlay import Overlay
    from edge.sinks.web.server import Server
    from edge.sinks.web.visitor import Site

_PICTURE_S: Final = 1 / 15
"""Pictures are drawn no more often: enough to aim by, and it leaves the processor to the emotions."""
_PICTURE_WIDTH: Final = 960
_JPEG_QUALITY: Final = 80
_REQUESTS: Final = 16
"""Connections beside those of the viewers."""


class Web:
    """A page on http://host:port/. Costs next to nothing while nobody looks; `viewers` is the most who may."""

    name = "web"

    def __init__(self, config: WebConfig, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._config, self._clock = config, clock
        self.board = Board(source, clock)
        self._server: Server | None = None
        self._picture_due = 0.0

    @property
    def port(self) -> int:
        return self._config.port

    def open(self) -> None:
        """Listen. Raises SinkError where a library is missing, the token is no good or the address is taken."""
        config = self._config
        token = page_token(config)
        try:
            from edge.overlay import Overlay
            from edge.sinks.web.application import application
            from edge.sinks.web.server import Server
            from edge.sinks.web.visitor import Site
        except ImportError as err:
            raise SinkError(f"the page needs Tornado and Pillow ({err}): {how_to_install('web')}") from err
        self._overlay: Overlay = Overlay(config.style, bars=False)
        self._site: Site = Site(self.board, Door(token, config.port), config.style, config.viewers)
        server = Server(application(self._site), config.host, config.port, 4 * config.viewers + _REQUESTS)
        server.open()
        self._server = server

    def show(self, result: Result) -> None:
        if self._server is None:
            return
        self.board.show(result)
        now = self._clock()
        if self._site.looking["picture"] and now >= self._picture_due:
            self._picture_due = now + _PICTURE_S
            self.board.show_picture(self._draw(result))
        else:
            self._overlay.follow(result)

    def status(self, status: Status) -> None:
        """Raises SinkError when the server has ended by itself."""
        if self._server is None:
            return
        if not self._server.is_serving:
            raise SinkError("the server has stopped; this is a defect of ours")
        self.board.status(status)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    def _draw(self, result: Result) -> bytes:
        """A JPEG. Speed and state stand beside it on the page, so not in it."""
        picture = self._overlay.draw(result, None, picture_size(result.frame))
        ok, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
        assert ok, "a BGR picture can be encoded"
        return jpeg.tobytes()


def picture_size(frame: Frame) -> tuple[int, int]:
    """Width and height: the frame's own, or smaller where no phone would show it."""
    scale = min(1.0, _PICTURE_WIDTH / frame.width)
    return max(1, round(scale * frame.width)), max(1, round(scale * frame.height))
