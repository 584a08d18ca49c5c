"""Imports point one way: training and quantize may import edge.emotion; edge imports neither, nor TensorFlow."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKSTATION = {"tensorflow", "keras", "jax", "torch", "sklearn", "matplotlib", "training", "quantize", "tests"}
SHARED = ("edge.emotion", "edge.types", "edge.errors")
# These measure or calibrate what the device finds and believes.
OF_THE_DETECTOR = {
    "training/geometry.py",
    "training/detection/scoring.py",
    "training/detection/targets.py",
    "training/detection/task.py",
    "training/worth.py",
    "quantize/anchor_free.py",
    "quantize/blazeface_int8.py",
    "quantize/compare_detectors.py",
    "quantize/dim_pictures.py",
    "quantize/other_detectors.py",
    "quantize/recall.py",
}
# Libraries of one board or one kind of output, absent elsewhere, and the only modules that need them to be imported.
VENDOR = {
    "gi": (),
    "libcamera": (),
    "luma": (),
    "nacl": (),
    "picamera2": (),
    "PIL": ("edge.overlay", "edge.sinks.panels"),
    "pygame": (),
    "tornado": ("edge.sinks.web",),
}

IMPORT_ALL = """
import importlib, json, sys
absent = {}
without, *names = sys.argv[1:]
sys.modules |= dict.fromkeys(without.split())
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as err:
        absent[name] = err.name
print(json.dumps([absent, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """The full names of everything a file imports, also inside functions; relative imports made absolute."""
    package = module_name(path).split(".")
    if path.stem != "__init__":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def after_importing(*modules: str, without: Iterable[str] = ()) -> tuple[dict[str, str], set[str]]:
    """In a fresh interpreter: the modules that lack a library, with its name; the packages loaded at the end.

    without: libraries that it has not, even where they are installed.
    """
    command = [sys.executable, "-c", IMPORT_ALL, " ".join(without), *modules]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    absent, loaded = json.loads(done.stdout.splitlines()[-1])
    return absent, set(loaded)


def test_the_device_never_loads_what_belongs_to_the_workstation():
    absent, loaded = after_importing(*map(module_name, sources("edge")))
    assert "cv2" in loaded
    assert not loaded & WORKSTATION
    missing = {library.partition(".")[0] for library in absent.values()}
    assert missing <= set(VENDOR), absent


def test_what_an_output_needs_is_missed_by_that_output_alone():
    absent, _ = after_importing(*map(module_name, sources("edge")), without=VENDOR)
    assert absent
    assert not [name for name, library in absent.items() if not within(name, *VENDOR[library.partition(".")[0]])]


def test_the_command_line_answers_without_loading_opencv_or_the_interpreter():
    """Nor numpy, which would start its threads before it is told how many."""
    _, loaded = after_importing("edge.__main__")
    assert "edge" in loaded
    assert not loaded & {"cv2", "numpy", "ai_edge_litert", "tflite_runtime", "paho", "pygame", "PIL", "luma", "tornado"}


def test_an_output_loads_no_library_of_another():
    _, loaded = after_importing("edge.sinks.web", "edge.sinks.jsonl", "edge.sinks.record")
    assert "edge" in loaded
    assert not loaded & {"paho", "pygame", "luma", "rich"}


@pytest.mark.parametrize("path", sources("edge"), ids=module_name)
def test_the_device_names_nothing_of_the_workstation(path: Path):
    assert not [name for name in imported(path) if within(name, *WORKSTATION)]


@pytest.mark.parametrize("path", sources("edge/emotion"), ids=module_name)
def test_the_shared_home_stands_on_nothing_else_of_the_device(path: Path):
    allowed = (*SHARED, "edge.quiet")
    assert not [name for name in imported(path) if within(name, "edge") and not within(name, *allowed)]


@pytest.mark.parametrize("path", sources("training", "quantize"), ids=module_name)
def test_the_workstation_takes_only_the_shared_home_from_the_device(path: Path):
    allowed = SHARED
    if path.relative_to(ROOT).as_posix() in OF_THE_DETECTOR:
        allowed = (*SHARED, "edge.detectors", "edge.config", "edge.quality")
    assert not [name for name in imported(path) if within(name, "edge") and not within(name, *allowed)]
