"""emotion-edge and the PyPI package `fer` over the same clip, side by side in one run, one thread each.

    python tests/bench/compare_fer.py --clip CLIP.mp4 [--frames 150] [--json]

Both get the clip's frames scaled to 640x480 and work in turns, a few frames each, so that whatever else the machine
does falls on both. `fer` runs as its documentation shows (`FER().detect_emotions(frame)`: Haar cascade, its TFLite
model), ours through the pipeline the daemon runs. The first call installs fer into a folder of its own (2.3 GB).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("clip_worker.py")
FER = "fer==25.10.3"
# What fer's face and emotion detection load. It also asks for PyTorch, pandas, moviepy and others that this use never
# touches. OpenCV 5 lost the cascades, setuptools 81 lost pkg_resources; headless, as it wants no libGL.
FER_NEEDS = (
    "tensorflow==2.21.0",
    "opencv-contrib-python-headless==4.13.0.92",
    "requests==2.34.2",
    "pillow==13.0.0",
    "setuptools==80.9.0",
)
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
)
STARTS = 3
BLOCK = 15


@dataclass
class Program:
    """One of the two, and what was measured of it."""

    name: str
    python: Path
    clip: Path
    starts_s: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    faces: int = 0
    peak_mb: float = 0.0

    def start(self) -> None:
        """Start it and wait for its first result."""
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 lives as long as the process
        started = time.perf_counter()
        self._process = subprocess.Popen(
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

    def _ask(self, frames: int) -> dict:
        self._process.stdin.write(f"{frames}\n")
        self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._said.seek(0)
        sys.exit(f"{self.name} stopped:\n{self._said.read()}")

    def summary(self) -> dict[str, float]:
        return {
            "mean_ms": statistics.fmean(self.ms),
            "p50_ms": statistics.median(self.ms),
            "p95_ms": statistics.quantiles(self.ms, n=20)[-1],
            "peak_mb": self.peak_mb,
            "first_result_s": statistics.median(self.starts_s),
            "frames_with_a_face": self.faces / len(self.ms),
        }


def measure(ours: Program, fer: Program, frames: int) -> None:
    pair = (ours, fer)
    for number in range(STARTS):
        for program in pair:
            program.start()
            if number < STARTS - 1:
                program.stop()
    for done in range(0, frames, BLOCK):
        for program in pair:
            program.work(min(BLOCK, frames - done))
        pair = pair[::-1]
    for program in pair:
        program.stop()


def fer_python(cache: Path) -> Path:
    """The interpreter of an environment with fer; makes it where it is missing or of other versions."""
    python, stamp = cache / "bin" / "python", cache / "installed.txt"
    wanted = "\n".join((FER, *FER_NEEDS))
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"installing {FER} and TensorFlow into {cache} (2.3 GB)", file=sys.stderr)
        venv.create(cache, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *FER_NEEDS], check=True, stdout=sys.stderr)
        subprocess.run([*pip, "--no-deps", FER], check=True, stdout=sys.stderr)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def table(results: dict[str, dict[str, float]]) -> str:
    ours, fer = results["ours"], results["fer"]
    lines = [f"{'':22}{'ours':>12}{'fer':>12}{'fer / ours':>14}"]
    for key in ours:
        words = key.replace("_", " ")
        ratio = f"{fer[key] / ours[key]:13.1f}x" if key != "frames_with_a_face" and ours[key] else ""
        lines.append(f"{words:22}{ours[key]:12.2f}{fer[key]:12.2f}{ratio}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, required=True, help="any video with a face in it")
    parser.add_argument("--frames", type=int, default=150, help="frames for each program (default: 150)")
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache" / "bench" / "fer", help="where fer is installed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    if not options.clip.is_file():
        parser.error(f"no such clip: {options.clip}")
    if options.frames < 2:
        parser.error("--frames must be at least 2")
    ours = Program("ours", Path(sys.executable), options.clip)
    fer = Program("fer", fer_python(options.cache), options.clip)
    measure(ours, fer, options.frames)
    results = {program.name: program.summary() for program in (ours, fer)}
    print(json.dumps(results, indent=2) if options.json else table(results))


if __name__ == "__main__":
    main()
