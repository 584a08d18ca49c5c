"""A network camera that shows the demo's face, and misbehaves on command."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import cv2
import numpy as np

from edge.cameras import camera_for
from edge.config import CameraConfig
from edge.types import Image

Mood = Literal["well", "empty", "slow", "frozen", "garbage", "gone"]
FRAMES = 30
BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"


class Camera:
    """MJPEG over HTTP on a port of the loopback. `mood` may be changed at any time.

    empty: nobody is there. slow: a frame a second. frozen: connected, and silent. garbage: bytes that are no picture.
    gone: ends every connection and takes no new one.
    """

    def __init__(self, fps: float) -> None:
        self.mood: Mood = "well"
        self._pause_s = 1 / fps
        self._pictures = _pictures()
        self._empty = _jpeg(np.full((240, 320, 3), 128, np.uint8))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/camera.mjpeg"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def picture(self, number: int) -> bytes:
        """A JPEG of the clip, or what is sent in its place."""
        picture = self._pictures[number % FRAMES]
        return {"empty": self._empty, "garbage": bytes(len(picture))}.get(self.mood, picture)

    def close(self) -> None:
        self.mood = "gone"
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if camera.mood == "gone":
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with contextlib.suppress(OSError):  # the daemon hung up
                    for number in itertools.count():
                        if camera.mood == "gone":
                            return
                        self._send(number)

            def _send(self, number: int) -> None:
                if camera.mood == "frozen":
                    time.sleep(0.1)
                    return
                time.sleep(1.0 if camera.mood == "slow" else camera._pause_s)
                self.wfile.write(BOUNDARY + camera.picture(number) + b"\r\n")

            def log_message(self, *_: object) -> None:
                """Not on our standard error."""

        return Handler


def _pictures() -> list[bytes]:
    demo = camera_for("demo", CameraConfig(width=320, height=240))
    demo.open()
    frames = [demo.read() for _ in range(FRAMES)]
    demo.close()
    return [_jpeg(frame.image) for frame in frames if frame is not None]


def _jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()
