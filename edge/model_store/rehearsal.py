"""A model tried in processes of its own, before anybody relies on it: one that crashes or hangs hurts nobody.

`python -m edge.model_store.rehearsal MODEL [GOLDEN]` is the process that measures.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.board import peak_mb
from edge.emotion.card import load_verified
from edge.emotion.golden import check_golden
from edge.emotion.tflite import TfliteModel
from edge.errors import EdgeError, ModelError

PATIENCE_S = 300.0
"""A small board under load, compiling Python files for the first time."""
RUNS = 50
WARM_UP = 5
DEMO_FRAMES = 60
LEAST_FRAMES = DEMO_FRAMES // 2

SLOWER_RATIO = 2.0
MORE_MEMORY_MB = 50.0


@dataclass(frozen=True, slots=True)
class Cost:
    """ms: of the processor, for one input. memory_mb: the most that a process with this model alone took."""

    ms: float
    memory_mb: float


def cost(model: Path, golden: Path | None = None, user: str | None = None) -> Cost:
    """After checking its golden set, where it has one. Raises ModelError. user: see `_run`."""
    command = ["-I", "-m", "edge.model_store.rehearsal", str(model), *([str(golden)] if golden else [])]
    measured = json.loads(_run(command, user).splitlines()[-1])
    return Cost(measured["ms"], measured["memory_mb"])


def check_cost(new: Cost, old: Cost) -> None:
    """Raises ModelError where the new model is much dearer than the old one."""
    advice = "if that is meant: --accept-cost"
    if new.ms > old.ms * SLOWER_RATIO:
        raise ModelError(f"it takes {new.ms:.2f} ms instead of {old.ms:.2f} ms for each face or picture; {advice}")
    if new.memory_mb > old.memory_mb + MORE_MEMORY_MB:
        raise ModelError(f"it takes {new.memory_mb:.0f} MB instead of {old.memory_mb:.0f} MB of memory; {advice}")


def check_on_demo(section: str, model: Path, user: str | None = None) -> None:
    """The daemon with this model on the demo clip: it must find the face, and an emotion model name it.

    Raises ModelError.
    """
    command = ["-I", "-m", "edge", "run", "--source", "demo", "--limit", str(DEMO_FRAMES), "--jsonl", "-", "--config"]
    # Not in root's own TMPDIR, which pam_tmpdir closes to the other user.
    folder = "/tmp"  # noqa: S108 under a name that nobody can know before
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, prefix="emotion-edge-", suffix=".toml") as file:
        file.write(f"[{section}]\nmodel = {json.dumps(str(model))}\n")
        file.flush()
        os.fchmod(file.fileno(), 0o644)  # the other user reads it
        lines = [json.loads(line) for line in _run([*command, file.name], user).splitlines()]
    named = section == "emotion"
    good = sum(any(not (named and face["uncertain"]) for face in line.get("faces", ())) for line in lines)
    if good < LEAST_FRAMES:
        done = "named" if named else "found"
        raise ModelError(f"with it the demo's face is {done} in {good} of {DEMO_FRAMES} frames only")


def _run(arguments: list[str], user: str | None) -> str:
    """Standard output of a Python process that ends well. user: whose rights it has, where we are root."""
    rights: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 ourselves
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, **rights
        )
    except subprocess.TimeoutExpired as err:
        raise ModelError(f"trying it took longer than {PATIENCE_S:.0f} s") from err
    if done.returncode < 0:
        raise ModelError(f"trying it ended the process with signal {-done.returncode}")
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(said.removeprefix("emotion-edge: "))
    return str(done.stdout)


def _measure(model: Path, golden: Path | None) -> dict[str, float]:
    content, _ = load_verified(model)
    network = TfliteModel(content, str(model))
    if golden:
        check_golden(network, golden.read_bytes())
    first = network.inputs[0]
    value = np.zeros(first["shape"], dtype=first["dtype"])
    times = []
    for _ in range(WARM_UP + RUNS):
        began = time.thread_time()
        network.run(value)
        times.append((time.thread_time() - began) * 1e3)
    return {"ms": statistics.median(times[WARM_UP:]), "memory_mb": peak_mb() or 0.0}


def main(arguments: list[str]) -> int:
    # Where memory runs out, this process is the one to go.
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    model, golden = Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None
    try:
        print(json.dumps(_measure(model, golden)))  # noqa: T201
    except EdgeError as err:
        print(err, file=sys.stderr)  # noqa: T201
        return err.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
