"""Streams that break off, freeze, send rubbish and come back, against real servers on loopback."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras import camera_for
from edge.capture import Frames, latest_frames
from edge.config import CameraConfig
from edge.control import Control
from edge.types import Frame, State
from tests.cameras.network_cameras import MjpegCamera, NetworkCamera, RtspCamera, StartedClip

PATIENCE_S = 60.0
"""A busy machine needs its time; nothing here waits for longer than it takes."""
CONFIG = CameraConfig(stall_timeout_s=2.0, give_up_s=PATIENCE_S)


def jpeg(level: int) -> bytes:
    """64x48, left half dark, right half of this level."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, 32:] = level
    return bytes(cv2.imencode(".jpg", picture)[1])


@pytest.fixture(params=[MjpegCamera, RtspCamera], ids=["mjpeg", "rtsp"])
def server(request: pytest.FixtureRequest) -> Iterator[NetworkCamera]:
    with request.param([jpeg(100), jpeg(200)]) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    until(iter(lambda: None, 0), lambda: not [t for t in threading.enumerate() if t.name == "capture"])


def until(frames: Iterator[Frame | None] | Frames, condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        next(frames)
        assert time.monotonic() < end, "the condition did not come true"


def watched(server: NetworkCamera, states: list[State]) -> Frames:
    return latest_frames(camera_for(server.address, CONFIG), Control(), CONFIG, states.append)


def test_switched_off_and_on_it_comes_back(server: NetworkCamera, caplog: pytest.LogCaptureFixture):
    states: list[State] = []
    with caplog.at_level(logging.INFO):
        frames = watched(server, states)
        until(frames, lambda: states == ["running"])
        server.switch_off()
        until(frames, lambda: states == ["running", "waiting"])
        server.switch_on()
        until(frames, lambda: states == ["running", "waiting", "running"])
        frames.close()
    lost, back = caplog.messages
    assert "the stream ended; looking for it" in lost
    assert "back after" in back


def test_frozen_is_noticed(server: NetworkCamera):
    states: list[State] = []
    frames = watched(server, states)
    until(frames, lambda: states == ["running"])
    server.frozen.set()
    until(frames, lambda: states[-1] == "waiting")
    server.frozen.clear()
    until(frames, lambda: states[-1] == "running")
    frames.close()


def test_the_first_picture_may_take_longer(server: NetworkCamera):
    server.frozen.set()
    threading.Timer(1.5, server.frozen.clear).start()
    camera = camera_for(server.address, CameraConfig(stall_timeout_s=0.5))
    camera.open()
    assert camera.read() is not None
    camera.close()


def test_the_picture_arrives_whole_and_in_order(server: NetworkCamera):
    camera = camera_for(server.address, CONFIG)
    camera.open()
    frames = [camera.read() for _ in range(6)]
    camera.close()
    assert [frame.number for frame in frames if frame] == list(range(6))
    assert {(frame.width, frame.height) for frame in frames if frame} == {(64, 48)}
    levels = [round(float(frame.image[:, 40:].mean()), -2) for frame in frames if frame]
    assert levels in ([100, 200] * 3, [200, 100] * 3)


def test_rtsp_goes_over_tcp_at_once():
    with RtspCamera([jpeg(100)]) as server:
        camera = camera_for(server.address, CONFIG)
        camera.open()
        camera.read()
        camera.close()
    methods = [line.split()[0] for line in server.requests]
    assert methods.count("SETUP") == 1, "the first wish is one that the camera can grant"
    assert "PLAY" in methods


def test_rubbish_between_the_pictures_is_passed_over():
    good = jpeg(200)
    rubbish = b"\xff\xd8" + np.random.default_rng(1).integers(0, 255, 900, np.uint8).tobytes()
    with MjpegCamera([*[good] * 4, good[: len(good) // 2], *[good] * 4, rubbish]) as server:
        camera = camera_for(server.address, CONFIG)
        camera.open()
        frames = [camera.read() for _ in range(20)]
        camera.close()
    assert len({round(float(frame.image[:, 40:].mean()), -2) for frame in frames if frame}) == 1


def test_no_picture_waits_in_the_decoder_for_the_next_one(tmp_path: Path):
    """On one core there was never any to wait. The last one that was sent ends where the next begins."""
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"XVID"), 20, (64, 48))
    for level in range(0, 240, 6):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    head, *frames = (tmp_path / "clip.avi").read_bytes().split(b"00dc")
    with StartedClip([head, *(b"00dc" + frame for frame in frames[:30])]) as server:
        camera = camera_for(server.address, CameraConfig(stall_timeout_s=5.0))
        started = time.monotonic()
        camera.open()
        for _ in range(29):
            camera.read()
        took_s = time.monotonic() - started
        camera.close()
    assert took_s < 5


def test_one_that_stays_away_ends_the_program_with_75(tmp_path: Path):
    config = tmp_path / "config.toml"
    with MjpegCamera([jpeg(100)]) as server:
        config.write_text(f'[camera]\nsource = "{server.address}"\nstall_timeout_s = 2\ngive_up_s = 2\n')
        command = [sys.executable, "-m", "edge", "run", "--config", str(config), "--jsonl", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert program.stdout.readline().startswith("{")
            server.switch_off()
            _, said = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 75
    assert said.count("looking for it for 2 s") == 1
    assert "did not come back within 2 s" in said.splitlines()[-1]


def test_a_frozen_camera_does_not_keep_the_program_from_ending():
    with MjpegCamera([jpeg(100)]) as server:
        command = [sys.executable, "-m", "edge", "run", "--source", server.address, "--jsonl", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert program.stdout.readline().startswith("{")
            server.frozen.set()
            program.terminate()
            _, said = program.communicate(timeout=PATIENCE_S)
    assert (program.returncode, "FATAL" in said) == (0, False)
