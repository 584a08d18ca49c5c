"""The HTTP server, Tornado, in a thread of its own that only reads the board."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from typing import Final

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.web import Application

from edge.errors import SinkError

_REQUEST_BYTES: Final = 16 * 1024
_REQUEST_S: Final = 15.0
"""A request must have arrived in so long; a connection without one is closed."""
_SEND_BUFFER_BYTES: Final = 64 * 1024
"""Of the kernel, for each connection: with more, a slow phone would see the past."""
_UNSENT_MS: Final = 15_000
"""The kernel cuts a connection whose other side takes nothing for so long."""
_JOIN_S: Final = 1.0


class Server:
    """Serves an application on one address. connections: more at a time are closed at once."""

    def __init__(self, application: Application, host: str, port: int, connections: int) -> None:
        self._application, self._host, self._port, self._connections = application, host, port, connections
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Raises SinkError where the address is not ours or is taken."""
        listening = self._listen()
        # At INFO it tells of every malformed request: anybody could fill the journal.
        logging.getLogger("tornado").setLevel(logging.WARNING)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="web", daemon=True)
        self._thread.start()

    @property
    def is_serving(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join(_JOIN_S)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server((self._host, self._port), family=family)
        except OSError as err:
            why = err.strerror if isinstance(err, socket.gaierror) else os.strerror(err.errno or 0)
            raise SinkError(
                f"cannot listen on {self._host} port {self._port} ({why}): change [web] host or port"
            ) from err
        listening.setblocking(False)
        # Connections inherit these.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNSENT_MS)
        return listening

    def _run(self, listening: socket.socket) -> None:
        try:
            self._loop.run_until_complete(self._serve(listening))
        finally:
            self._loop.close()

    async def _serve(self, listening: socket.socket) -> None:
        server = _Bounded(
            self._application,
            idle_connection_timeout=_REQUEST_S,
            body_timeout=_REQUEST_S,
            max_header_size=_REQUEST_BYTES,
            max_body_size=_REQUEST_BYTES,
            max_buffer_size=4 * _REQUEST_BYTES,
        )
        server.limit = self._connections
        server.add_socket(listening)
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()
        # Streams notice it when they next look.
        if streams := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(streams, timeout=_JOIN_S / 2)


class _Bounded(HTTPServer):
    """Each connection takes one of the process's file descriptors, which the camera needs too."""

    limit = 0
    _open = 0

    def handle_stream(self, stream: IOStream, address: tuple) -> None:  # type: ignore[type-arg]
        if self._open >= self.limit:
            stream.close()
            return
        self._open += 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        self._open -= 1
        super().on_close(server_conn)
