"""The page's server, asked by real requests: who may come in, what they get, and what they cannot do to the loop."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from edge.config import WebConfig
from edge.errors import SinkError
from edge.sinks.web.board import Board
from edge.sinks.web.door import Door
from edge.types import Event, Frame, Result, Status
from tests.mosquitto import free_port, wait_until
from tests.results import changed, result, track

pytest.importorskip("tornado")
from edge.sinks.web import Web, server, streams

TOKEN = "correct-horse-battery"
RUNNING = Status("running", "demo", 29.8, 3, 60.0, {"total": (2.0, 3.0)}, 51.0, False, 78.0)
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def open_web(tmp_path) -> Iterator[Callable[..., Web]]:
    """Opens the sink on a free port; settings as in the configuration, and `token`."""
    opened = []

    def open_one(token: str | None = None, **settings) -> Web:
        if token is not None:
            (tmp_path / "token").write_text(token + "\n")
            settings["token_file"] = str(tmp_path / "token")
        web = Web(WebConfig(True, port=free_port(), **settings), "demo")
        opened.append(web)
        web.open()
        return web

    yield open_one
    for web in opened:
        web.close()


@pytest.fixture
def web(open_web) -> Web:
    return open_web()


def port_of(web: Web) -> int:
    return web._config.port


def ask(web: Web, address: str = "/", method: str = "GET", body: str | None = None, **headers: str) -> Answer:
    """One request; header names with _ for -. Returns the status, the headers and the text."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(web), timeout=60)
    try:
        connection.request(method, address, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


class Listener:
    """A stream that is being read."""

    def __init__(self, web: Web, address: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port_of(web), timeout=60)
        self._connection.request("GET", address, headers={name.replace("_", "-"): v for name, v in headers.items()})
        self.answer = self._connection.getresponse()

    def line(self) -> str:
        return self.answer.readline().decode().rstrip("\r\n")

    def event(self) -> tuple[str, object, str | None]:
        """The next server-sent event: its name, data and number."""
        fields: dict[str, str] = {}
        while line := self.line():
            name, _, fields[name] = line.partition(": ")
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def events_until(self, name: str) -> list[tuple[str, object, str | None]]:
        seen = [self.event()]
        while seen[-1][0] != name:
            seen.append(self.event())
        return seen

    def jpeg(self) -> np.ndarray:
        """The next picture of a multipart stream."""
        while not (line := self.line()).startswith("Content-Length"):
            assert not self.answer.isclosed(), "the stream goes on"
        assert self.line() == ""
        return cv2.imdecode(np.frombuffer(self.answer.read(int(line.split()[1])), np.uint8), cv2.IMREAD_COLOR)

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def listen_to(web: Web, address: str, **headers: str) -> Listener:
        opened.append(Listener(web, address, **headers))
        return opened[-1]

    yield listen_to
    for listener in opened:
        listener.close()


def noise(number: int = 0) -> Result:
    """A large picture that does not compress."""
    image = np.random.default_rng(number).integers(0, 256, (720, 960, 3), np.uint8)
    return Result(Frame(image, 100.0 + number, 0.0, number), 0.0)


# Who may come in.


@pytest.mark.parametrize("address", ["/", "/page.js", "/state", "/healthz", "/metrics", "/nothing", "/picture?x"])
def test_every_answer_carries_the_strict_policy(open_web, address):
    _, headers, _ = ask(open_web(style="none"), address)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "LOCALHOST:1", "[::1]", "[::1]:8080"])
def test_the_loopback_by_its_own_names(web, host):
    assert ask(web, Host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8080", "127.0.0.1.nip.io", "192.168.1.5", ""])
@pytest.mark.parametrize("address", ["/", "/state", "/healthz", "/nothing"])
def test_any_other_name_for_the_loopback_is_an_attack(web, host, address):
    assert ask(web, address, Host=host)[0] in (400, 403)


def test_with_a_token_any_name_will_do(open_web):
    assert ask(open_web(TOKEN), "/healthz", Host="kitchen.local")[0] != 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_may_link_here_and_no_more(web, site):
    assert ask(web, "/picture", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")[0] == 403
    assert ask(web, "/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate")[0] == 200


@pytest.mark.parametrize("address", ["/", "/state", "/events", "/picture", "/metrics", "/nothing"])
def test_strangers_are_asked_for_the_token(open_web, address):
    web = open_web(TOKEN)
    assert ask(web, address)[0] == 401
    wrong = f"Bearer {TOKEN[:-1]}"
    assert ask(web, address, Authorization=wrong)[0] == 401
    assert ask(web, address, Cookie=f"emotion-edge-{port_of(web)}={TOKEN}")[0] == 401


def test_the_token_is_exchanged_for_a_cookie_and_leaves_the_address(open_web):
    web = open_web(TOKEN)
    status, headers, _ = ask(web, f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert ask(web, "/state", Cookie=cookie.partition(";")[0])[0] == 200


def test_the_token_typed_in(open_web):
    web = open_web(TOKEN)
    kind = "application/x-www-form-urlencoded"
    assert ask(web, "/login", "POST", f"token={TOKEN}", Content_Type=kind)[0] == 303
    for wrong in ("", "nonsense", "ü" * 20):
        status, headers, text = ask(web, "/login", "POST", f"token={quote(wrong)}", Content_Type=kind)
        assert status == 403
        assert "set-cookie" not in headers
        assert "This is not the token" in text


def test_a_wrong_token_in_the_address(open_web):
    assert ask(open_web(TOKEN), "/?token=nonsense")[0] == 403


def test_monitoring_shows_the_token_in_a_header(open_web):
    assert ask(open_web(TOKEN), "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_the_cookie_outlives_a_restart_but_not_a_new_token():
    assert Door(TOKEN, 8080).cookie == Door(TOKEN, 8080).cookie
    assert not Door("another-" + TOKEN, 8080).admits(Door(TOKEN, 8080).cookie, None)


def test_the_token_stands_in_no_log(open_web, caplog):
    caplog.set_level(logging.DEBUG)
    web = open_web(TOKEN)
    for address in (f"/?token={TOKEN}", f"/nothing?token={TOKEN}", f"/state?token={TOKEN}", f"/?token={TOKEN}%ff"):
        ask(web, address)
    ask(web, f"/login?token={TOKEN}", "DELETE")
    with contextlib.suppress(ConnectionError):  # too large: closed without an answer
        ask(web, f"/healthz?token={TOKEN}", "POST", "x" * 100_000)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("token", "words"), [("short", "shorter than 16 letters"), ("", "first line is empty"), (None, "No such file")]
)
def test_a_token_file_that_is_no_good(tmp_path, token, words):
    if token is not None:
        (tmp_path / "token").write_text(token)
    web = Web(WebConfig(True, port=free_port(), token_file=str(tmp_path / "token")), "demo")
    with pytest.raises(SinkError, match=words):
        web.open()


def test_a_taken_port_is_told(web):
    with pytest.raises(SinkError, match=rf"port {port_of(web)} \(.*in use\): change \[web\] host or port"):
        Web(WebConfig(True, port=port_of(web)), "demo").open()


# What they get.


def test_health_in_one_word(web):
    assert ask(web, "/healthz")[0] == 503
    for state, status in (("running", 200), ("waiting", 503), ("paused", 200)):
        web.status(Status(state, "demo"))
        assert ask(web, "/healthz")[0] == status
    assert ask(web, "/healthz", "HEAD")[::2] == (200, "")


def test_a_daemon_that_says_nothing_hangs():
    now = [0.0]
    board = Board("demo", lambda: now[0])
    board.status(RUNNING)
    now[0] = 9.0
    assert board.is_well()
    now[0] = 11.0
    assert not board.is_well()


def test_metrics_are_what_prometheus_reads(web, listen):
    parser = pytest.importorskip("prometheus_client.parser")
    listen(web, "/events")
    web.show(result(track(), events=(changed(), Event("face_left", 4, "sad", None, 0.5))))
    web.status(RUNNING)
    status, headers, text = ask(web, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = {
        (sample.name.removeprefix("emotion_edge_"), *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["frames_total",] == samples["faces",] == 1
    assert samples["events_total", "emotion_changed"] == samples["events_total", "face_left"] == 1
    assert samples["events_total", "face_appeared"] == 0
    assert samples["web_viewers", "events"] == 1
    assert (samples["state", "running"], samples["state", "paused"]) == (1, 0)
    assert samples["frames_per_second",] == 29.8
    assert samples["stage_seconds", "total", "0.95"] == 0.003
    assert samples["resident_memory_bytes",] == 78 * 1024 * 1024
    assert samples["temperature_celsius",] == 51


def test_metrics_leave_out_what_the_device_does_not_tell(web):
    assert "state" not in ask(web, "/metrics")[2]
    web.status(Status("running", "demo"))
    text = ask(web, "/metrics")[2]
    assert "temperature" not in text
    assert "throttled" not in text


def test_everything_at_once_as_json(web):
    web.show(result(track(3, settled="sad")))
    web.status(RUNNING)
    state = json.loads(ask(web, "/state")[2])
    assert state["frame"]["faces"][0]["emotion"] == "happy"
    assert state["frame"]["faces"][0]["settled"] == "sad"
    assert state["health"]["fps"] == 29.8
    assert state["history"][0]["faces"] == [[3, "sad"]]
    assert state["viewers"] == {"looking": 0, "most": 4}


def test_events_as_they_happen(web, listen):
    listener = listen(web, "/events")
    assert listener.answer.getheader("Content-Type") == "text/event-stream"
    assert listener.event() == ("history", [], None)
    web.show(result(track(), events=(changed(),)))
    web.status(RUNNING)
    told = {name: (data, number) for name, data, number in listener.events_until("health")}
    told.update({name: (data, number) for name, data, number in ([] if "frame" in told else [listener.event()])})
    assert told["frame"][0]["faces"][0]["id"] == 3
    assert (told["change"][0]["to"], told["change"][1]) == ("happy", "1")
    assert told["health"][0]["state"] == "running"


def test_a_reader_that_comes_back_gets_what_it_missed(web, listen):
    for number in range(3):
        web.show(result(events=(changed(id=number),)))
    web.status(RUNNING)
    missed = listen(web, "/events", Last_Event_ID="1").events_until("health")
    assert [(data["id"], number) for name, data, number in missed if name == "change"] == [(1, "2"), (2, "3")]
    new = listen(web, "/events").events_until("health")
    assert not [name for name, *_ in new if name == "change"]


def test_the_board_is_bounded():
    now = [0.0]
    board = Board("demo", lambda: now[0])
    for number in range(2000):
        now[0] = number / 2
        board.show(result(track(), events=(changed(),), number=number))
    assert len(board.history()) == 300
    assert len(board.events_after(0)) == 200


# The picture.


def test_nothing_is_drawn_while_nobody_looks(web, listen):
    for _ in range(5):
        web.show(result(track()))
    listen(web, "/events")
    web.show(result(track()))
    assert web._board.picture() == (0, None)


def test_the_picture_moves(web, listen):
    listener = listen(web, "/picture")
    assert listener.answer.getheader("Content-Type").startswith("multipart/x-mixed-replace")
    assert listener.line() == "--frame"
    web.show(result(track()))
    assert listener.jpeg().shape == (120, 160, 3)
    time.sleep(0.1)
    web.show(noise())
    assert listener.jpeg().shape == (720, 960, 3)


def test_large_pictures_are_sent_smaller(web, listen):
    listener = listen(web, "/picture")
    web.show(Result(Frame(np.zeros((1080, 1920, 3), np.uint8), 0.0, 0.0, 0), 0.0))
    assert listener.jpeg().shape == (540, 960, 3)


def test_pictures_are_not_drawn_faster_than_shown(web, listen):
    listen(web, "/picture")
    started = time.monotonic()
    for number in range(50):
        web.show(result(number=number))
        time.sleep(0.005)
    drawn = web._board.picture()[0]
    assert 0 < drawn <= 15 * (time.monotonic() - started) + 2


def test_no_picture_where_none_is_configured(open_web):
    web = open_web(style="none")
    assert ask(web, "/picture")[0] == 404
    assert 'data-style="none"' in ask(web)[2]


def test_blurred_faces_reach_no_viewer(open_web, listen):
    web = open_web(style="blurred")
    face = track()
    image = np.zeros((240, 320, 3), np.uint8)
    box = face.face.box
    image[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1) : 2] = 255  # fine stripes
    listener = listen(web, "/picture")
    # Seen in a frame that is not drawn, lost in the next: it is hidden there all the same.
    web._picture_due = time.monotonic() + 60
    web.show(Result(Frame(image, 10.0, 0.0, 0), 0.0, (face,)))
    web._picture_due = 0.0
    web.show(Result(Frame(image, 10.1, 0.0, 1), 0.1))
    seen = listener.jpeg()[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    assert np.abs(np.diff(seen[..., 0].astype(int), axis=1)).max() < 30


def test_an_old_picture_is_not_shown_as_live(web, listen, monkeypatch):
    monkeypatch.setattr(streams, "_NO_PICTURE_S", 1.0)
    first = listen(web, "/picture")
    web.show(result())
    first.jpeg()
    first.close()
    late = listen(web, "/picture")
    assert late.line() == "--frame"
    assert late.line() == ""  # and the stream has ended
    web.status(Status("paused", "demo"))
    assert web._board.picture()[1] is None
    assert web._board.frame()[1] is None


# What they cannot do.


@pytest.mark.parametrize("address", ["/events", "/picture"])
def test_only_so_many_look_at_a_time(open_web, listen, address):
    web = open_web(viewers=2)
    first, second = listen(web, address), listen(web, address)
    assert second.answer.status == 200
    status, headers, text = ask(web, address)
    assert (status, text) == (503, "Too many viewers\n")
    assert "retry-after" in headers
    first.close()
    wait_until(lambda: sum(web._site.looking.values()) == 1)
    assert listen(web, address).answer.status == 200


def test_a_viewer_that_takes_nothing_is_dropped_and_holds_nobody_up(web, listen, monkeypatch):
    monkeypatch.setattr(streams, "SLOW_S", 1.0)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port_of(web)))
        slow.sendall(b"GET /picture HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: web._site.looking["picture"])
        quick = listen(web, "/picture")
        picture = noise()
        deadline = time.monotonic() + 60
        while not web._site.dropped:
            assert time.monotonic() < deadline
            web._picture_due = 0.0
            web.show(picture)  # returns, although the slow one takes nothing
            quick.jpeg()
        assert web._site.looking["picture"] == 1
    assert "emotion_edge_web_dropped_total 1.0" in ask(web, "/metrics")[2]


def test_a_viewer_that_vanishes_leaves_its_place(web):
    rude = socket.create_connection(("127.0.0.1", port_of(web)))
    rude.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: web._site.looking["events"] == 1)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, without a goodbye
    rude.close()
    web.status(RUNNING)
    wait_until(lambda: web._site.looking["events"] == 0)


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


def test_the_colours_on_the_page_are_the_overlays(web):
    from edge.overlay.ink import PALETTE
    from edge.overlay.svg import _CONTRAST, _deepened, _luminance

    sheet = ask(web, "/page.css")[2]
    for number, (blue, green, red) in enumerate(PALETTE):
        assert f".face-{number}{{--face:#{red:02x}{green:02x}{blue:02x}" in sheet
        assert 1.05 / (_luminance(_deepened((blue, green, red))) + 0.05) >= _CONTRAST
    assert f"const PALETTE = {len(PALETTE)};" in ask(web, "/page.js")[2]


def test_the_page_needs_nothing_from_elsewhere(web):
    for address in ("/", "/page.js", "/page.css", "/icon.svg"):
        text = ask(web, address)[2].replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]+|@import|url\(", text)
