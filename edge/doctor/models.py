"""The models, and the interpreter that runs them."""

from __future__ import annotations

import statistics

from edge.cameras.demo import DemoCamera
from edge.config import Config
from edge.doctor.finding import Finding
from edge.emotion.card import load_verified
from edge.emotion.tflite import TfliteModel, find_model
from edge.errors import EdgeError
from edge.pipeline import build_pipeline

FRAMES = 10


def check(config: Config) -> list[Finding]:
    findings = [_model(kind, name) for kind, name in (("face", config.face.model), ("emotion", config.emotion.model))]
    if all(finding.level == "ok" for finding in findings):
        findings.append(_interpreter(config))
    return findings


def _model(kind: str, name: str) -> Finding:
    title = f"{kind} model"
    try:
        path = find_model(name)
        content, card = load_verified(path)
    except EdgeError as err:
        return Finding(title, "failed", str(err), "sudo ./setup.sh install puts the shipped models back")
    return Finding(title, "ok", f"{path}, {len(content) // 1000} kB, checksum {card['sha256'][:12]}… is right")


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
