"""The server cannot start, closes while it is looked at, or has ended by itself."""

from __future__ import annotations

import pytest

from edge.config import WebConfig
from edge.errors import SinkError
from edge.sinks.web import Web
from tests.mosquitto import wait_until
from tests.results import result
from tests.web.visitor import RUNNING, ask, port_of


def test_a_taken_port_is_told(web):
    with pytest.raises(SinkError, match=rf"port {port_of(web)} \(.*in use\): change \[web\] host or port"):
        Web(WebConfig(True, port=port_of(web)), "demo").open()


def test_it_closes_at_once_with_viewers_on(web, listen):
    listen(web, "/events")
    listen(web, "/picture")
    web.show(result())
    web.close()  # returns, although they stay
    with pytest.raises(ConnectionRefusedError):
        ask(web)


def test_a_server_that_has_ended_is_told(web):
    web._server._loop.call_soon_threadsafe(web._server._stop.set)
    wait_until(lambda: not web._server.is_serving)
    with pytest.raises(SinkError, match="has stopped"):
        web.status(RUNNING)
