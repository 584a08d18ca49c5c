"""Pipelines of GStreamer that cannot be built, cannot start, or end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.cameras import camera_for, waiting
from edge.config import CameraConfig
from edge.errors import CameraError, SourceError
from tests.cameras.sources import CONFIG, OLD_GI, frames_of


@OLD_GI
def test_a_pipeline_that_cannot_be_built_or_started(gstreamer: None):
    with pytest.raises(SourceError, match="nosuchelement"):
        camera_for("gst:nosuchelement", CONFIG).open()
    with pytest.raises(CameraError, match="cannot start the pipeline"):
        camera_for("gst:filesrc location=/nowhere ! decodebin", CONFIG).open()


@OLD_GI
def test_a_pipeline_that_ends_is_an_error(gstreamer: None):
    camera = camera_for("gst:videotestsrc num-buffers=2", CONFIG)
    with pytest.raises(CameraError, match="it ended"):
        frames_of(camera)
    camera.close()


@OLD_GI
def test_what_an_element_says_is_wrong_is_told_rather_than_that_the_pipeline_ended(gstreamer: None):
    camera = camera_for(
        "gst:videotestsrc is-live=true ! video/x-raw,width=64,height=48 ! identity error-after=3", CONFIG
    )
    with pytest.raises(CameraError, match="stopped delivering: Failed after iterations as requested"):
        frames_of(camera)
    camera.close()


@OLD_GI
def test_its_first_frame_may_take_longer(gstreamer: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "FIRST_FRAME_S", 0.8)
    camera = camera_for("gst:appsrc ! video/x-raw,format=BGR,width=64,height=48", CameraConfig(stall_timeout_s=0.5))
    camera.open()
    with pytest.raises(CameraError, match=r"no frame for 0\.8 s"):
        camera.read()
    camera.close()


@OLD_GI
def test_messages_of_a_pipeline_do_not_pile_up(gstreamer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from gi.repository import Gst

    Gst.init(None)
    build, pipelines = Gst.parse_launch, []

    def building(description: str) -> Any:
        pipelines.append(build(description))
        return pipelines[-1]

    monkeypatch.setattr(Gst, "parse_launch", building)
    source = "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=100/1 ! tee name=both"
    talkative = f"both. ! queue ! multifilesink location={tmp_path}/last post-messages=true"
    camera = camera_for(f"gst:{source} {talkative} both. ! queue", CONFIG)
    camera.open()
    for _ in range(60):
        camera.read()
    waiting = len(list(iter(pipelines[0].get_bus().pop, None)))
    camera.close()
    assert waiting < 30
