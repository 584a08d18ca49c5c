"""The program as it runs on a device: a process with a camera, a broker and a file, looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.camera import Camera
from tests.faults.lines import Lines
from tests.load.world import Disk
from tests.mosquitto import Listener, Mosquitto, wait_until

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
"""For what should happen within seconds: this machine may be busy."""

CONFIG = """
[camera]
source = "{source}"
stall_timeout_s = 2
give_up_s = {give_up_s}
[mqtt]
enabled = true
host = "127.0.0.1"
port = {port}
device = "camera"
health_interval_s = 1
home_assistant = false
spool = "{folder}/spool.db"
username = "{username}"
password_file = "{password_file}"
[jsonl]
enabled = true
path = "{folder}/faces.jsonl"
rotate_mb = 2
keep = 1
[log]
level = "info"
{more}
"""


class Device:
    """Starts with `start`, after which frames flow; leaves nothing behind after `close`."""

    def __init__(self, folder: Path, fps: float = 10.0) -> None:
        """folder: made, on a small disk of its own. fps: of the camera."""
        self.disk = Disk(folder)
        self.folder = folder
        self.camera, self._fps = Camera(fps), fps
        self.broker = Mosquitto(folder, "allow_anonymous true")
        self.broker.start()
        self.listener = Listener(self.broker.port)
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = Lines(folder / "faces.jsonl", b'"frame":')
        self._log = folder / "log"
        self.clock = folder / "clock"
        """Holds the seconds by which the time of day is wrong in the process."""

    def start(self, **settings: object) -> None:
        """settings: what in CONFIG is to be otherwise. Does not wait."""
        usual = {
            "source": self.camera.address,
            "give_up_s": 60,
            "port": self.broker.port,
            "folder": self.folder,
            "username": "",
            "password_file": "",
            "more": "",
        }
        config = self.folder / "config.toml"
        config.write_text(CONFIG.format(**(usual | settings)))
        self.clock.write_text("0")
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge", "run", "--config", str(config)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self._environment(),
            )

    def _environment(self) -> dict[str, str]:
        path = [str(ROOT / "tests" / "faults" / "clock"), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TEST_CLOCK_FILE": str(self.clock)}

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was started"
        return self._process

    def frames(self) -> int:
        """Lines of frames written so far."""
        return self._lines.count()

    def wait_for_frames(self, more: int = 5) -> None:
        """Until so many more frames have been through everything."""
        goal = self.frames() + more
        self.wait(lambda: self.frames() >= goal, "frames flow")

    def wait_for_seconds(self, seconds: float) -> None:
        """Until so many seconds' worth of frames have: long enough for somebody to come or leave, at any rate."""
        self.wait_for_frames(round(seconds * self._fps))

    def wait_for_state(self, state: str) -> None:
        """Until health tells this state."""
        self.wait(lambda: self.health().get("state") == state, f"health says {state}")

    def wait(self, what: object, words: str) -> None:
        """Until `what()` is true. Raises AssertionError with the words and the end of the log."""
        try:
            wait_until(what, PATIENCE_S)  # type: ignore[arg-type]
        except AssertionError as err:
            raise AssertionError(f"waited in vain until {words}; the log ends:\n{self.log()[-2000:]}") from err

    def health(self) -> dict[str, object]:
        """The newest."""
        texts = self.listener.texts("health")
        return dict(json.loads(texts[-1])) if texts else {}

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def ends(self) -> int:
        """Wait for the process to end by itself. Returns its exit code."""
        return self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Ask it to stop. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()

    def footprint(self) -> tuple[int, int]:
        """Threads and open files of the process."""
        folder = Path(f"/proc/{self.process.pid}")
        return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))

    def memory_mb(self) -> float:
        """Resident, of the process."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        self._lines.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self.listener.close()
        self.broker.stop()
        self.camera.close()
        self.disk.close()
