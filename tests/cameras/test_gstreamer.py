"""Pipelines of GStreamer that cannot be built, cannot start, or end."""

from __future__ import annotations

import pytest

from edge.cameras import camera_for
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
