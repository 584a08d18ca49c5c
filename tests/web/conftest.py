"""The sink on a free port, and streams that are being read; both are closed after the test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from edge.config import WebConfig
from edge.sinks.web import Web
from tests.mosquitto import free_port
from tests.web.visitor import Listener


@pytest.fixture
def open_web(tmp_path) -> Iterator[Callable[..., Web]]:
    """Opens the sink on a free port; settings as in the configuration, `token` and `clock`."""
    pytest.importorskip("tornado")
    opened = []

    def open_one(token: str | None = None, clock: Callable[[], float] = time.monotonic, **settings) -> Web:
        if token is not None:
            (tmp_path / "token").write_text(token + "\n")
            settings["token_file"] = str(tmp_path / "token")
        web = Web(WebConfig(True, port=free_port(), **settings), "demo", clock)
        opened.append(web)
        web.open()
        return web

    yield open_one
    for web in opened:
        web.close()


@pytest.fixture
def web(open_web) -> Web:
    return open_web()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def listen_to(web: Web, address: str, **headers: str) -> Listener:
        opened.append(Listener(web, address, **headers))
        return opened[-1]

    yield listen_to
    for listener in opened:
        listener.close()
