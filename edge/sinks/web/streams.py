"""Answers without an end: server-sent events, and the live picture."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

from tornado.gen import with_timeout
from tornado.iostream import StreamClosedError
from tornado.util import TimeoutError as SlowError
from tornado.web import HTTPError

from edge.lines import to_json
from edge.sinks.web.visitor import Visitor

SLOW_S: Final = 5.0
"""A viewer that takes nothing for so long is dropped."""
_LOOK_S: Final = 0.06
"""How often a stream looks for something new: about 16 pictures a second at most."""
_FRAME_EVERY: Final = 2
"""Looks for each frame line of an event stream: the page need not change more often."""
_NO_PICTURE_S: Final = 5.0
"""A picture stream ends when there was none for so long; the page asks again."""


_LONGEST_NUMBER: Final = 18
"""Digits of an event's number; Python refuses to read one of thousands."""


class Stream(Visitor):
    """An answer without an end. At most so many viewers; one who does not keep up skips, then is dropped."""

    kind = ""

    async def get(self) -> None:
        site = self.site
        if site.looking[self.kind] >= site.viewers:
            self.set_status(503)
            self.set_header("Retry-After", "10")
            self.finish("Too many viewers\n")
            return
        site.looking[self.kind] += 1
        self._gone = False
        try:
            await self.send_all()
        except SlowError:
            site.dropped += 1
            self.detach().close()
        except StreamClosedError:
            pass
        finally:
            site.looking[self.kind] -= 1

    async def send_all(self) -> None:
        """Until the viewer has gone or there is nothing more to see."""
        raise NotImplementedError

    async def send(self, chunk: str | bytes) -> None:
        self.write(chunk)
        await with_timeout(timedelta(seconds=SLOW_S), self.flush(), quiet_exceptions=StreamClosedError)

    async def look(self) -> bool:
        """Wait a moment. Returns whether the viewer is still there."""
        await asyncio.sleep(_LOOK_S)
        return not self._gone

    def on_connection_close(self) -> None:
        self._gone = True
        super().on_connection_close()


class Events(Stream):
    """Server-sent events: history (once), frame, change, health. Changes are numbered; a reconnecting reader gets
    those it has missed."""

    kind = "events"

    async def send_all(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        board = self.site.board
        told = self._last_told()
        await self.send(_event("history", board.history()))
        frame = told_at = -1.0
        looks = 0
        while True:
            parts = []
            number, line = board.frame()
            if looks % _FRAME_EVERY == 0 and number != frame and line is not None:
                parts.append(_event("frame", line))
                frame = number
            for event_number, change in board.events_after(told):
                parts.append(_event("change", change, event_number))
                told = event_number
            at, status = board.last_status()
            if at != told_at and status is not None:
                parts.append(_event("health", board.health()))
                told_at = at
            if parts:
                await self.send("".join(parts))
            looks += 1
            if not await self.look():
                return

    def _last_told(self) -> int:
        known = self.request.headers.get("Last-Event-ID", "")
        newest = self.site.board.last_event()
        is_number = known.isascii() and known.isdigit() and len(known) <= _LONGEST_NUMBER
        return min(int(known), newest) if is_number else newest


class Picture(Stream):
    """MJPEG: always the newest picture."""

    kind = "picture"

    async def get(self) -> None:
        if self.site.style == "none":
            raise HTTPError(404, reason="No picture is shown")
        await super().get()

    async def send_all(self) -> None:
        self.set_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        board = self.site.board
        # What is there already may be of the last viewer's time.
        shown, _ = board.picture()
        patience = _NO_PICTURE_S
        await self.send(b"--frame\r\n")
        while patience > 0 and await self.look():
            number, jpeg = board.picture()
            if jpeg is None or number == shown:
                patience -= _LOOK_S
                continue
            await self.send(_part(jpeg))
            shown, patience = number, _NO_PICTURE_S


def _part(jpeg: bytes) -> bytes:
    """The boundary stands behind the picture: browsers show it when they have seen its end."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n--frame\r\n"


def _event(name: str, data: Any, number: int | None = None) -> str:
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {to_json(data)}\n\n"
