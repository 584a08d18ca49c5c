"""`emotion-edge bench` on the demo: every stage is measured, in words and as JSON. How fast it is, no test asks."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.__main__ import main
from edge.bench import table

ROOT = Path(__file__).parents[1]
STAGES = {"capture", "detect", "follow", "crop", "classify", "overlay", "publish"}


def test_json_has_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--frames", "12", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result["stages"]) == STAGES
    for numbers in (*result["stages"].values(), result["frame"]):
        assert 0 < numbers["p50"] <= numbers["p95"] <= numbers["max"]
    assert set(result["frames_per_s"]) == {"1", "2", "4"}
    assert result["peak_mb"] > 20  # no upper limit: the tests of before are in the same process
    assert result["frames"] == 12
    assert {"Pi Zero 2 W", "Pi 5"} <= {row["board"] for row in result["estimates"]["emotion"]}


def test_the_table_names_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--frames", "3", "--source", "demo"]) == 0
    out = capsys.readouterr().out
    assert all(stage in out for stage in STAGES)
    assert "as it runs" in out
    assert "estimated, not measured" in " ".join(out.split())


def test_without_pillow_one_stage_is_left_out(tmp_path: Path) -> None:
    """It comes only with what draws; the daemon that is measured has none, either."""
    (tmp_path / "PIL.py").write_text("raise ModuleNotFoundError(\"No module named 'PIL'\", name='PIL')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    command = [sys.executable, "-m", "edge", "bench", "--frames", "1", "--source", "demo"]
    run = functools.partial(subprocess.run, env=environment, capture_output=True, text=True, timeout=300)
    numbers, words = run([*command, "--json"]), run(command)
    assert (numbers.returncode, words.returncode) == (0, 0), numbers.stderr + words.stderr
    assert set(json.loads(numbers.stdout)["stages"]) == STAGES - {"overlay"}
    assert "publish" in words.stdout
    assert "overlay" not in words.stdout


def test_a_comparison_wants_a_clip(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--compare", "fer", "--source", "demo", "--frames", "1"]) == 2
    err = capsys.readouterr().err
    assert "name a video file" in err
    assert err.count("\n") == 1


IN_A_LARGE_PROCESS = """
import sys
ballast = b"x" * 300_000_000
from edge.__main__ import main
sys.exit(main(["bench", "--frames", "1", "--source", "demo", "--json"]))
"""


def test_the_memory_is_the_daemons_own_not_that_of_whoever_asks() -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_LARGE_PROCESS], cwd=ROOT, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert 20 < json.loads(done.stdout)["peak_mb"] < 250


@pytest.mark.parametrize(("source", "word"), [("nowhere.mp4", "no such file"), ("faceless", "no face in its first")])
def test_what_cannot_be_measured_is_one_line(
    source: str, word: str, tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    if source == "faceless":
        from cv2 import imwrite

        from tests.conftest import textured

        imwrite(str(tmp_path / "grass.png"), textured(320, 240))
        source = str(tmp_path)
    assert main(["bench", "--source", source, "--frames", "1"]) == 2
    err = capsys.readouterr().err
    assert word in err
    assert err.count("\n") == 1


def test_it_ends_with_the_code_of_the_daemon_that_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    for settings, source, code in (
        ('[emotion]\nmodel = "emotoin"\n', ["--source", "demo"], 78),
        ('[camera]\nsource = "v4l2:/dev/video99"\n', [], 75),
        ('[camera]\nsource = "nowhere.mp4"\n', [], 78),
        ("", ["--source", "v4l2:/dev/video99"], 75),
    ):
        config.write_text(settings)
        assert main(["bench", "--config", str(config), *source, "--frames", "1"]) == code
        assert capsys.readouterr().err.count("\n") == 1


def test_a_password_in_the_configuration_is_in_no_command_and_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[camera]\nsource = "http://owner:hunter2@127.0.0.1:9/video"\n')
    commands = []
    run = subprocess.run

    def noted(command: list[str], **options: Any) -> Any:
        commands.append(" ".join(command))
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", noted)
    assert main(["bench", "--config", str(config), "--frames", "1"]) == 75
    assert commands
    assert not [line for line in commands if "hunter2" in line]
    assert "hunter2" not in "".join(capsys.readouterr())


def test_a_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    times = {"mean": 1.0, "p50": 1.0, "p95": 2.0, "max": 3.0}
    result = {
        "source": "clip[/a]",
        "frames": 3,
        "threads": 2,
        "size": [640, 480],
        "stages": {"detect": times},
        "frame": times,
        "frames_per_s": {"1": 30.0},
        "share_of_a_core_at_30_per_s": 0.1,
        "first_result_s": 0.2,
        "peak_mb": 90.0,
        "temperature_c": None,
        "throttled": None,
        "device": "a board",
        "estimates": {},
    }
    table.show(result)
    said = " ".join(capsys.readouterr().out.split())
    assert "clip[/a], 3 frames of 640x480, 2 threads" in said
