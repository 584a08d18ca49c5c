"""What every request goes through before it is answered."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from edge.sinks.web.board import Board
from edge.sinks.web.door import Door

log = logging.getLogger(__name__)

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Site:
    """What all requests share. style: as the overlay's. viewers: the most of each kind of stream.

    looking: open streams of each kind. dropped: viewers that were too slow.
    """

    board: Board
    door: Door
    style: str
    viewers: int
    looking: Counter[str] = field(default_factory=lambda: Counter(events=0, picture=0))
    dropped: int = 0


class Visitor(RequestHandler):
    """Any request: refused unless it is meant for us and may come in. Alone it answers what is not there."""

    open_to_all = False

    def initialize(self, site: Site) -> None:
        self.site = site

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        if not self.site.door.addressed(self.request.host):
            raise HTTPError(403, reason="Not this host")
        # A page of another site may link to ours, but not make use of it.
        fetched_by, how = (self.request.headers.get(f"Sec-Fetch-{name}", "") for name in ("Site", "Mode"))
        if fetched_by in ("cross-site", "same-site") and how != "navigate":
            raise HTTPError(403, reason="Not from another site")
        if not self.open_to_all and not self.is_known():
            raise HTTPError(401)
        if type(self) is Visitor:
            raise HTTPError(404)

    def is_known(self) -> bool:
        door = self.site.door
        return door.admits(self.get_cookie(door.cookie_name), self.request.headers.get("Authorization"))

    def compute_etag(self) -> None:
        """Nothing here is kept by browsers, so nothing is to be compared."""

    def write_error(self, status_code: int, **details: Any) -> None:
        if status_code == 401:
            self.set_header("WWW-Authenticate", "Bearer")
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(f"{self._reason}\n")

    def log_exception(self, kind: Any, value: BaseException | None, trace: Any) -> None:
        """Without the request, whose address may hold a token."""
        if not isinstance(value, HTTPError | StreamClosedError):
            log.error("web: %s failed", type(self).__name__, exc_info=value)
