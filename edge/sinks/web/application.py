"""Which address is answered by what."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from tornado.web import Application

from edge.emotion.labels import LABELS
from edge.overlay import svg
from edge.overlay.ink import PALETTE
from edge.sinks.web.board import REMEMBERED_S
from edge.sinks.web.pages import File, Healthz, Login, Metrics, Page, State
from edge.sinks.web.streams import Events, Picture
from edge.sinks.web.visitor import Site, Visitor


def application(site: Site) -> Application:
    shared = {"site": site}
    style_sheet = svg.palette() + _read("page.css")
    return Application(
        [
            ("/", Page, shared),
            ("/login", Login, shared),
            ("/page.css", File, {**shared, "content": style_sheet, "kind": "text/css"}),
            ("/page.js", File, {**shared, "content": _read("page.js"), "kind": "text/javascript"}),
            ("/icon.svg", File, {**shared, "content": svg.icon(), "kind": "image/svg+xml"}),
            ("/state", State, shared),
            ("/events", Events, shared),
            ("/picture", Picture, shared),
            ("/healthz", Healthz, shared),
            ("/metrics", Metrics, shared),
        ],
        default_handler_class=Visitor,
        default_handler_args=shared,
        page=Template(_read("page.html")).substitute(
            style=site.style,
            labels=" ".join(LABELS),
            colours=len(PALETTE),
            minutes=REMEMBERED_S // 60,
            symbols=svg.symbols(),
        ),
        login=Template(_read("login.html")),
        # Addresses may hold a token: nothing of a request is logged.
        log_function=lambda handler: None,
    )


def _read(name: str) -> str:
    return (files("edge.sinks.web") / "page" / name).read_text(encoding="utf-8")
