"""The models, the interpreter that runs them, and who may sign new ones."""

from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path

from edge.cameras.demo import DemoCamera
from edge.config import Config
from edge.doctor.finding import Finding
from edge.emotion.card import load_verified
from edge.emotion.tflite import TfliteModel, find_model
from edge.emotion.updates import current_version, updates_folder
from edge.errors import EdgeError
from edge.model_store import signature
from edge.model_store.listing import shipped_files
from edge.model_store.place import KEY
from edge.pipeline import build_pipeline

FRAMES = 10


def check(config: Config) -> list[Finding]:
    findings = [_model(kind, name) for kind, name in (("face", config.face.model), ("emotion", config.emotion.model))]
    if all(finding.level == "ok" for finding in findings):
        findings.append(_interpreter(config))
    if KEY.exists():
        findings.append(signers(KEY))
    return findings


def _model(kind: str, name: str) -> Finding:
    title = f"{kind} model"
    folder = updates_folder()
    update = current_version(folder, name) if folder else None
    try:
        path = find_model(name)
        content, card = load_verified(path)
    except EdgeError as err:
        back = f"sudo emotion-edge model rollback {name} puts the one before back"
        return Finding(title, "failed", str(err), back if update else _correction(kind, name))
    said = f"{path}, {len(content) // 1000} kB, checksum {card['sha256'][:12]}… is right"
    return Finding(title, "ok", f"update {update}, {said}" if update else said)


def _correction(kind: str, name: str) -> str:
    """Of a model that no update has put there."""
    known = shipped_files()
    if name in known or name == getattr(Config(), kind).model:
        return "sudo ./setup.sh install puts it back"
    if name.endswith(".tflite"):
        return f"put that file and its card there, or correct [{kind}] model"
    return f"correct [{kind}] model; there are {', '.join(sorted(known))}"


def signers(key: Path) -> Finding:
    """Whose model updates this device takes."""
    title = "model updates"
    try:
        keys = signature.read_keys(key)
    except EdgeError as err:
        return Finding(title, "warning", str(err), f"no update is taken until {key} is right")
    if not importlib.util.find_spec("nacl"):
        return Finding(title, "warning", "PyNaCl is missing: no signature can be checked", "sudo ./setup.sh install")
    return Finding(title, "ok", f"those signed with {' or '.join(key.id for key in keys)} are taken")


def _interpreter(config: Config) -> Finding:
    """Both models on some frames of the demo."""
    demo = DemoCamera()
    try:
        pipeline = build_pipeline(config)
        delegate = TfliteModel(find_model(config.emotion.model).read_bytes(), "emotion").delegate
        demo.open()
        frames = [frame for _ in range(FRAMES) if (frame := demo.read())]
        median_ms = statistics.median(pipeline.process(frame).ms["total"] for frame in frames)
    except EdgeError as err:
        return Finding("interpreter", "failed", str(err), "sudo ./setup.sh install installs it again")
    finally:
        demo.close()
    if delegate is None:
        return Finding(
            "interpreter", "warning", f"without XNNPACK: {median_ms:.1f} ms a frame", "pip install ai-edge-litert"
        )
    return Finding("interpreter", "ok", f"with {delegate}, {median_ms:.1f} ms a frame of the demo")
