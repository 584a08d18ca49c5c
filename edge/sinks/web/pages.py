"""The page, the question for the token, and what monitoring reads."""

from __future__ import annotations

from typing import Final

from edge.lines import to_json
from edge.sinks.web.metrics import metrics
from edge.sinks.web.visitor import Site, Visitor

_COOKIE_DAYS: Final = 90


class Page(Visitor):
    """The page; to strangers the question for the token; from an address with the token on to the page."""

    open_to_all = True

    def get(self) -> None:
        token = self.get_query_argument("token", None)
        if token is not None:
            enter(self, token)
        elif self.is_known():
            self.finish(self.settings["page"])
        else:
            ask_for_token(self, 401)

    head = get


class Login(Visitor):
    open_to_all = True

    def get(self) -> None:
        """Somebody comes back to the address that a wrong token left them at."""
        self.redirect("/", status=303)

    def post(self) -> None:
        enter(self, self.get_body_argument("token", ""))


def enter(visitor: Visitor, token: str) -> None:
    """Exchange the token for a cookie that scripts cannot read and other sites cannot use; then on to the page."""
    door = visitor.site.door
    if door.fits(token):
        visitor.set_cookie(
            door.cookie_name, door.cookie, expires_days=_COOKIE_DAYS, httponly=True, samesite="Strict", path="/"
        )
    elif door.locked:
        ask_for_token(visitor, 403)
        return
    visitor.redirect("/", status=303)


def ask_for_token(visitor: Visitor, status: int) -> None:
    visitor.set_status(status)
    visitor.finish(visitor.settings["login"].substitute(wrong="This is not the token." if status == 403 else ""))


class File(Visitor):
    """One of the page's own files; they hold no secret, and the question for the token needs them."""

    open_to_all = True

    def initialize(self, site: Site, content: str = "", kind: str = "") -> None:
        super().initialize(site)
        self._content, self._kind = content, kind

    def get(self) -> None:
        self.set_header("Content-Type", f"{self._kind}; charset=UTF-8")
        self.finish(self._content)


class State(Visitor):
    """All there is to know, once, as JSON."""

    def get(self) -> None:
        board, site = self.site.board, self.site
        state = {
            "health": board.health(),
            "frame": board.frame()[1],
            "history": board.history(),
            "viewers": {"looking": site.looking["events"], "most": site.viewers},
        }
        self.set_header("Content-Type", "application/json")
        self.finish(to_json(state))


class Healthz(Visitor):
    open_to_all = True

    def get(self) -> None:
        well = self.site.board.is_well()
        self.set_status(200 if well else 503)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish("ok\n" if well else "no camera, or hanging\n")

    head = get


class Metrics(Visitor):
    def get(self) -> None:
        board, site = self.site.board, self.site
        frames, line = board.frame()
        faces = len(line["faces"]) if line else 0
        _, status = board.last_status()
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(metrics(status, frames, faces, board.event_counts, site.looking, site.dropped))
