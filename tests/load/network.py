"""The way from the devices to the broker, which can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import threading

CHUNK = 65536
BACKLOG = 4096


class Network:
    """Passes every connection to a port of its own on to the broker's.

    While cut, it ends every new one at once; while stuck, all stay, and nothing passes.
    """

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._whole = True
        self._free = asyncio.Event()
        self._free.set()
        threading.Thread(target=self._loop.run_forever, name="network", daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def cut(self) -> None:
        """End every connection as a pulled plug does, without a word of MQTT."""
        self._whole = False
        self._loop.call_soon_threadsafe(self._hang_up)

    def stick(self) -> None:
        """Keep what is sent back."""
        self._loop.call_soon_threadsafe(self._free.clear)

    def mend(self) -> None:
        """Let everybody through again."""
        self._whole = True
        self._loop.call_soon_threadsafe(self._free.set)

    async def _listen(self) -> int:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=BACKLOG)
        return int(server.sockets[0].getsockname()[1])

    def _hang_up(self) -> None:
        self._free.set()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _connected(self, from_device: asyncio.StreamReader, to_device: asyncio.StreamWriter) -> None:
        if not self._whole:
            to_device.transport.abort()
            return
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        await asyncio.gather(self._pass_on(from_device, to_broker), self._pass_on(from_broker, to_device))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self._writers.add(target)
        try:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(CHUNK):
                    await self._free.wait()
                    target.write(data)
                    await target.drain()
        finally:
            self._writers.discard(target)
            target.close()
