"""A checkout for setup.sh, with a Python that only pretends to install."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Stands in for python3: answers the questions setup.sh asks, makes environments, notes what pip is asked for.
PYTHON = r"""
state=@STATE@
case "$*" in
    *"-m venv"*)
        [[ -e $state/venv-fails ]] && { echo "Error: the disk objects" >&2; exit 1; }
        folder=${!#}
        mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python"
        echo "venv $*" >>"$state/calls" ;;
    *"pip install"*)
        echo "pip $*" >>"$state/calls"
        [[ -e $state/pip-hangs ]] && { touch "$state/pip-began"; exec sleep 30; }
        [[ -e $state/pip-says ]] && { cat "$state/pip-says"; exit 1; }
        printf '#!/usr/bin/env bash\necho "ran: $*"\n' >"${0%/python}/emotion-edge"
        chmod +x "${0%/python}/emotion-edge"
        echo "pip talks too much" ;;
    *"pip wheel"*)
        echo "wheel $*" >>"$state/calls"
        for word; do [[ ${before:-} == --wheel-dir ]] && mkdir -p "$word"; before=$word; done ;;
    *"import edge"*) if [[ -e $state/import-fails ]]; then cat "$state/import-fails" >&2; exit 1; fi ;;
    *"import numpy"*) cat "$state/numpy" ;;
    *"import ensurepip"*) [[ ! -e $state/no-ensurepip ]] ;;
    *"python3.%d-venv"*) echo python3.11-venv ;;
    *"sys.exit(not"*) [[ ! -e $state/unsuitable && ! -e $state/32-bit ]] ;;
    *"sys.exit(sys.maxsize"*) [[ -e $state/32-bit ]] ;;
    *sys.version*) cat "$state/version" ;;
    -V) echo "Python $(cat "$state/version")" ;;
esac
"""


# All that setup.sh and the pretended Python call.
PROGRAMS = (
    *("bash", "cat", "chmod", "cp", "df", "dirname", "env", "flock"),
    *("grep", "head", "mkdir", "rm", "sha256sum", "tail", "tr"),
)


class Checkout:
    """A folder with setup.sh and pyproject.toml, and a PATH whose Pythons are pretended."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder / "a checkout", folder / "state"
        self.venv = self.folder / ".venv"
        self.system = folder / "system"
        self.programs = self.system / "bin"
        for made in (self.folder, self.state, self.system, self.programs):
            made.mkdir()
        for name in ("setup.sh", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder)
        shutil.copytree(ROOT / "systemd", self.folder / "systemd")
        self.tell("version", "3.11.2\n")
        for name in ("python3", *(f"python3.{minor}" for minor in range(10, 15))):
            self.program(name, PYTHON.replace("@STATE@", str(self.state)))
        self.environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "EMOTION_EDGE_SYSTEM": str(self.system),
        }

    def program(self, name: str, script: str) -> None:
        """Put a program before the real one of its name."""
        path = self.programs / name
        path.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def tell(self, name: str, content: str = "") -> None:
        (self.state / name).write_text(content, encoding="utf-8")

    def forget(self, name: str) -> None:
        (self.state / name).unlink()

    def calls(self) -> list[str]:
        """What Python was asked to make and install, since the last time this was asked."""
        return [line.split()[0] for line in self.commands()]

    def commands(self) -> list[str]:
        log = self.state / "calls"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "setup.sh"), *arguments]
        return subprocess.run(
            command, env=self.environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
