"""This program and the PyPI package `fer` over the same clip, side by side in one run, one thread each.

Both get the clip's frames scaled to 640x480 and work in turns, a few frames each, so that whatever else the machine
does falls on both. `fer` runs as its documentation shows (`FER().detect_emotions(frame)`: Haar cascade, its TFLite
model), ours through the pipeline the daemon runs. The first call installs fer into a folder of its own (2.3 GB).
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edge.errors import EdgeError, SourceError

log = logging.getLogger(__name__)

ROOT: Final = Path(__file__).parents[2]
WORKER: Final = Path(__file__).with_name("clip_worker.py")
FER: Final = "fer==25.10.3"
# What fer's face and emotion detection load. It also asks for PyTorch, pandas, moviepy and others that this use never
# touches. OpenCV 5 lost the cascades, setuptools 81 lost pkg_resources; headless, as it wants no libGL.
FER_NEEDS: Final = (
    "tensorflow==2.21.0",
    "opencv-contrib-python-headless==4.13.0.92",
    "requests==2.34.2",
    "pillow==13.0.0",
    "setuptools==80.9.0",
)
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
)
STARTS: Final = 3
BLOCK: Final = 15


class ComparisonError(EdgeError):
    """The other program cannot be installed or run here."""


def compare(clip: str, frames: int, cache: Path | None = None) -> dict[str, dict[str, float]]:
    """Numbers of "ours", of "fer", and "ratio" (fer / ours) of each that costs.

    cache: where fer is or will be installed. Raises SourceError where the source is no clip, ComparisonError.
    """
    if not Path(clip).is_file():
        raise SourceError(f"{clip}: to compare, name a video file with a face in it (--source CLIP)")
    folder = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emotion-edge" / "fer"
    pair = (_Program("ours", Path(sys.executable), clip), _Program("fer", _fer_python(folder), clip))
    for number in range(STARTS):
        for program in pair:
            program.start()
            if number < STARTS - 1:
                program.stop()
    order = pair
    for done in range(0, frames, BLOCK):
        for program in order:
            program.work(min(BLOCK, frames - done))
        order = (order[1], order[0])
    for program in pair:
        program.stop()
    ours, fer = (program.summary() for program in pair)
    ratio = {key: fer[key] / ours[key] for key in ours if key != "frames_with_a_face" and ours[key]}
    return {"ours": ours, "fer": fer, "ratio": ratio}


@dataclass
class _Program:
    """One of the two, and what was measured of it."""

    name: str
    python: Path
    clip: str
    starts_s: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    faces: int = 0
    peak_mb: float = 0.0

    def start(self) -> None:
        """Start it and wait for its first result."""
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 lives as long as the process
        started = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 ourselves
            [self.python, "-W", "ignore", WORKER, self.name, self.clip],
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT) if self.name == "ours" else ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        self._ask(1)
        self.starts_s.append(time.perf_counter() - started)

    def work(self, frames: int) -> None:
        answer = self._ask(frames)
        self.ms += answer["ms"]
        self.faces += answer["faces"]
        self.peak_mb = answer["peak_mb"]

    def stop(self) -> None:
        self._process.communicate(timeout=30)
        self._said.close()

    def _ask(self, frames: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{frames}\n")
        self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return dict(json.loads(line))
        self._said.seek(0)
        raise ComparisonError(f"{self.name} stopped: {(self._said.read().strip().splitlines() or ['no word'])[-1]}")

    def summary(self) -> dict[str, float]:
        return {
            "mean_ms": statistics.fmean(self.ms),
            "p50_ms": statistics.median(self.ms),
            "p95_ms": statistics.quantiles(self.ms, n=20)[-1] if len(self.ms) > 1 else self.ms[0],
            "peak_mb": self.peak_mb,
            "first_result_s": statistics.median(self.starts_s),
            "frames_with_a_face": self.faces / len(self.ms),
        }


def _fer_python(cache: Path) -> Path:
    """The interpreter of an environment with fer; makes it where it is missing or of other versions."""
    python, stamp = cache / "bin" / "python", cache / "installed.txt"
    wanted = "\n".join((FER, *FER_NEEDS))
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    log.warning("installing %s and TensorFlow into %s (2.3 GB); delete that folder when done", FER, cache)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        venv.create(cache, clear=True, with_pip=True)
        subprocess.run([*pip, *FER_NEEDS], check=True, stdout=sys.stderr)  # noqa: S603 pinned above
        subprocess.run([*pip, "--no-deps", FER], check=True, stdout=sys.stderr)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as err:
        raise ComparisonError(f"cannot install {FER} into {cache}: {err}; it needs the network and 2.3 GB") from err
    stamp.write_text(wanted, encoding="utf-8")
    return python
