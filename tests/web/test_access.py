"""Who may come in: by which name, from which site, with which token; and what every answer forbids the browser."""

from __future__ import annotations

import contextlib
import logging
from urllib.parse import quote

import pytest

from edge.config import WebConfig
from edge.errors import SinkError
from edge.sinks.web import Web
from edge.sinks.web.door import Door
from tests.mosquitto import free_port
from tests.web.visitor import TOKEN, ask, port_of


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


def test_whoever_comes_back_to_where_a_wrong_token_left_them_is_asked_again(web):
    status, headers, _ = ask(web, "/login")
    assert (status, headers["location"]) == (303, "/")
    assert ask(web, "/", "HEAD")[0] in (200, 401)
