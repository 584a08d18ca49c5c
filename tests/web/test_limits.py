"""What visitors cannot do to the loop: be too many, take nothing, vanish, stay idle, ask for half or for too much."""

from __future__ import annotations

import http.client
import socket
import struct
import time

import pytest

from tests.fakes import FakeClock
from tests.mosquitto import wait_until
from tests.web.visitor import RUNNING, ask, metric, noise, port_of, viewers

pytest.importorskip("tornado")
from edge.sinks.web import Web, server, streams


@pytest.mark.parametrize("address", ["/events", "/picture"])
def test_only_so_many_look_at_a_time(open_web, listen, address):
    web = open_web(viewers=2)
    first, second = listen(web, address), listen(web, address)
    assert second.answer.status == 200
    status, headers, text = ask(web, address)
    assert (status, text) == (503, "Too many viewers\n")
    assert "retry-after" in headers
    first.close()
    wait_until(lambda: sum(viewers(web).values()) == 1)
    assert listen(web, address).answer.status == 200


def test_a_viewer_that_takes_nothing_is_dropped_and_holds_nobody_up(open_web, listen, monkeypatch):
    monkeypatch.setattr(streams, "SLOW_S", 1.0)
    clock = FakeClock(100.0)
    web = open_web(clock=clock)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port_of(web)))
        slow.sendall(b"GET /picture HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: viewers(web)["picture"])
        quick = listen(web, "/picture")
        picture = noise()
        deadline = time.monotonic() + 60
        while not metric(web, "web_dropped_total"):
            assert time.monotonic() < deadline
            clock.now += 1.0
            web.show(picture)  # returns, although the slow one takes nothing
            quick.jpeg()
        assert viewers(web)["picture"] == 1


def test_a_viewer_that_vanishes_leaves_its_place(web):
    rude = socket.create_connection(("127.0.0.1", port_of(web)))
    rude.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: viewers(web)["events"] == 1)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, without a goodbye
    rude.close()
    web.status(RUNNING)
    wait_until(lambda: viewers(web)["events"] == 0)


def test_idle_connections_take_only_so_many_places(open_web):
    web = open_web(viewers=1)
    address = "127.0.0.1", port_of(web)
    idle = [socket.create_connection(address) for _ in range(40)]
    try:
        with socket.create_connection(address, timeout=60) as last:
            assert last.recv(1) == b""
    finally:
        for connection in idle:
            connection.close()
    wait_until(lambda: answers(web))


def answers(web: Web) -> bool:
    try:
        return ask(web)[0] == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def test_half_a_request_is_not_waited_for(open_web, monkeypatch):
    monkeypatch.setattr(server, "_REQUEST_S", 0.3)
    web = open_web()
    with socket.create_connection(("127.0.0.1", port_of(web)), timeout=60) as half:
        half.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert half.recv(1) == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(web, method):
    assert ask(web, "/state", method, "")[0] == 405


def test_large_requests_are_refused(web):
    assert answers(web)
    with socket.create_connection(("127.0.0.1", port_of(web)), timeout=60) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        assert connection.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
    assert answers(web)
