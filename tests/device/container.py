"""A Debian or Ubuntu in a folder, booted by systemd-nspawn and thrown away afterwards. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

PACKAGES = "systemd,systemd-sysv,dbus,udev,procps,python3,python3-venv,ca-certificates"
UBUNTU = "http://archive.ubuntu.com/ubuntu"
UBUNTU_KEYS = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
SUITES_OF_UBUNTU = ("jammy", "noble")
CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


class Container:
    """The fresh system is made once in `folder`; each run writes into a layer of its own above it.

    What pip needs here (PIP_…, certificates) it gets inside, too.
    """

    def __init__(self, folder: Path, suite: str = "trixie") -> None:
        self._fresh, self._layer, self.root = folder / suite, folder / f"{suite}.layer", folder / f"{suite}.root"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self.before: set[str] = set()
        """What was there before anything was installed."""
        names = [name for name in os.environ if name.startswith("PIP_")] + list(CERTIFICATES)
        self.environment = {name: os.environ[name] for name in names if name in os.environ}

    def __enter__(self) -> Container:
        self._make()
        self._mount()
        self._log = self.root.with_suffix(".log")
        log = self._log.open("wb")
        name = f"--machine=emotion-edge-{os.getpid()}"
        command = ["systemd-nspawn", "--register=no", "--keep-unit", name, "-D", self.root, "-b", "--console=pipe"]
        self._nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_for_boot()
        return self

    def __exit__(self, *_: object) -> None:
        if self._nspawn is not None:
            self._nspawn.terminate()
            try:
                self._nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        subprocess.run(["umount", self.root], check=False)

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A line of shell inside, as root."""
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
        }
        variables |= self.environment | environment
        inside = ["nsenter", "-t", str(self._leader), "-a", "env", "-i", *(f"{k}={v}" for k, v in variables.items())]
        return subprocess.run([*inside, "bash", "-c", command], capture_output=True, text=True, timeout=1800)

    def put(self, file: Path, place: str) -> None:
        """Copy a file of ours to a place inside."""
        target = self.root / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # Ubuntu's resolv.conf leads to where another file system will lie
        shutil.copy(file, target)

    def _make(self) -> None:
        if (self._fresh / "complete").exists():
            return
        shutil.rmtree(self._fresh, ignore_errors=True)
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        mirror = []
        if self._fresh.name in SUITES_OF_UBUNTU:
            options += ["--components=main,universe", f"--keyring={UBUNTU_KEYS}"]
            mirror = [UBUNTU]
        subprocess.run(["debootstrap", *options, self._fresh.name, self._fresh, *mirror], check=True)
        (self._fresh / "complete").touch()

    def _mount(self) -> None:
        shutil.rmtree(self._layer, ignore_errors=True)
        for made in (self.root, self._layer / "files", self._layer / "work"):
            made.mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self._fresh},upperdir={self._layer}/files,workdir={self._layer}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        self.put(Path("/etc/resolv.conf"), "/etc/resolv.conf")
        for name in CERTIFICATES:
            if name in self.environment:
                self.put(Path(self.environment[name]), self.environment[name])

    def _wait_for_boot(self) -> None:
        assert self._nspawn is not None
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if self._nspawn.poll() is not None:
                break
            if pids := children.read_text().split():
                self._leader = int(pids[0])
                if self.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"):
                    return
        raise SystemExit(f"the container does not boot, see {self._log}")
