"""An MJPEG server on loopback, GStreamer where it is installed, and a look for threads that stay."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cameras.capturing import capture_threads, wait_for
from tests.cameras.sources import jpeg


class MjpegServer(BaseHTTPRequestHandler):
    """/live never ends, /short ends after three pictures, /frozen sends three and then nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        end = time.monotonic() + 5
        count = 0
        while time.monotonic() < end and not (self.path == "/short" and count == 3):
            if not (self.path == "/frozen" and count >= 3):
                try:
                    self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg() + b"\r\n")
                except OSError:
                    return
            count += 1
            time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), MjpegServer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gstreamer() -> None:
    gi = pytest.importorskip("gi", reason="needs python3-gi (apt)")
    try:
        gi.require_version("Gst", "1.0")
    except ValueError:
        pytest.skip("needs GStreamer's introspection data (apt: gir1.2-gst-plugins-base-1.0)")


@pytest.fixture
def no_thread_stays() -> Iterator[None]:
    yield
    assert wait_for(lambda: not capture_threads()), capture_threads()
