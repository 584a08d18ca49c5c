"""Cameras on loopback that can lose their power: MJPEG over HTTP, and RTSP with RTP/JPEG inside its own connection."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from itertools import count, cycle


class NetworkCamera:
    """Plays JPEGs over and over to everyone who connects. Keeps its port when it is switched off and on again.

    period_s: between two pictures. frozen: while set, connections stay and nothing comes.
    requests: what was asked of it, the first lines. sent: Unix times at which pictures went out, to whomever.
    """

    scheme = ""

    def __init__(self, pictures: list[bytes], period_s: float = 0.02) -> None:
        self.pictures, self.period_s = pictures, period_s
        self.frozen = threading.Event()
        self.requests: list[str] = []
        self.sent: list[float] = []
        self._port = 0
        self._off = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._port}/camera"

    def __enter__(self) -> NetworkCamera:
        self.switch_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.switch_off()

    def switch_on(self) -> None:
        self._off = threading.Event()
        listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._sockets = [listener]
        self._start(self._accept, listener)

    def switch_off(self) -> None:
        """Every connection breaks off at once."""
        self._off.set()
        for one in self._sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                continue
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()
        self._threads.clear()

    def _start(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), name="network camera")
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._off.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            self._start(self._serve_quietly, connection)

    def _serve_quietly(self, connection: socket.socket) -> None:
        try:
            self._serve(connection)
        except OSError:  # hung up
            pass
        finally:
            connection.close()

    def _play(self, send: Callable[[bytes], None]) -> None:
        due = time.monotonic()
        for picture in cycle(self.pictures):
            due = max(due + self.period_s, time.monotonic())
            if self._off.wait(due - time.monotonic()):
                return
            if not self.frozen.is_set():
                self.sent.append(time.time())
                send(picture)

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


class MjpegCamera(NetworkCamera):
    scheme = "http"

    def _serve(self, connection: socket.socket) -> None:
        self.requests.append(connection.recv(4096).decode().splitlines()[0])
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n")
        head = b"--next\r\nContent-Type: image/jpeg\r\n\r\n"
        self._play(lambda picture: connection.sendall(head + picture + b"\r\n"))


class StartedClip(NetworkCamera):
    """Sends the pictures at once, as parts of one clip, and then keeps the connection: more would come later."""

    scheme = "http"

    def _serve(self, connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: video/x-msvideo\r\n\r\n" + b"".join(self.pictures))
        self._off.wait()


class RtspCamera(NetworkCamera):
    """Knows no UDP: it answers a wish for it with 461."""

    scheme = "rtsp"
    _SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:video\r\n"

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while first := lines.readline().decode().strip():
                headers = {}
                while line := lines.readline().decode().strip():
                    name, _, value = line.partition(": ")
                    headers[name.lower()] = value
                self.requests.append(first)
                method = first.split()[0]
                transport = headers.get("transport", "")
                refused = method == "SETUP" and "TCP" not in transport
                answer = (
                    f"RTSP/1.0 {'461 Unsupported Transport' if refused else '200 OK'}\r\nCSeq: {headers['cseq']}\r\n"
                )
                body = self._SDP if method == "DESCRIBE" else ""
                answer += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
                answer += f"Transport: {transport}\r\nSession: 1\r\n" if method == "SETUP" else "Session: 1\r\n"
                connection.sendall(f"{answer}\r\n{body}".encode())
                if method == "PLAY":
                    numbers, ticks = count(), count(step=round(90_000 * self.period_s))
                    self._play(lambda picture: connection.sendall(_interleaved(picture, numbers, next(ticks))))  # noqa: B023
                    return


def _interleaved(jpeg: bytes, numbers: count[int], ticks: int) -> bytes:
    """The picture as RTP packets of channel 0 in an RTSP connection (RFC 2326, 10.12, and RFC 2435)."""
    tables, width, height, scan = _parts(jpeg)
    packets = b""
    for start in range(0, len(scan), 1300):
        part = scan[start : start + 1300]
        last = start + 1300 >= len(scan)
        rtp = struct.pack(">BBHII", 0x80, 0x80 * last | 26, next(numbers) % 65536, ticks % 2**32, 1)
        # Type 1: colours at half the size. Q 255: the tables follow, in the first packet.
        head = struct.pack(">II", start, 1 << 24 | 255 << 16 | width // 8 << 8 | height // 8)
        own = struct.pack(">BBH", 0, 0, len(tables)) + tables if start == 0 else b""
        packet = rtp + head + own + part
        packets += struct.pack(">BBH", ord("$"), 0, len(packet)) + packet
    return packets


def _parts(jpeg: bytes) -> tuple[bytes, int, int, bytes]:
    """Both quantization tables, width, height and the coded scan of a baseline JPEG with the usual Huffman tables."""
    tables, width, height, place = b"", 0, 0, 2
    while True:
        kind, length = struct.unpack_from(">HH", jpeg, place)
        segment = jpeg[place + 4 : place + 2 + length]
        place += 2 + length
        if kind == 0xFFDB:
            tables += b"".join(segment[start + 1 : start + 65] for start in range(0, len(segment), 65))
        elif kind == 0xFFC0:
            height, width = struct.unpack_from(">HH", segment, 1)
        elif kind == 0xFFDA:
            return tables, width, height, jpeg[place:-2]
