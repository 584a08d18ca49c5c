"""What one run makes of the configuration and the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.config import CameraConfig, Config, JsonlConfig, MqttConfig, WindowConfig
from edge.errors import OutputError
from edge.options import is_watched, on_this_device, with_options

CONFIG = Config(camera=CameraConfig(source="v4l2:/dev/video0", width=320))


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)


class TestCommandLine:
    def test_it_wins_over_the_file(self):
        config = with_options(CONFIG, "demo", "-", window=True)
        assert config.camera == replace(CONFIG.camera, source="demo")
        assert (config.jsonl.enabled, config.jsonl.path, config.window.enabled) == (True, "-", True)

    def test_what_it_does_not_say_stays(self):
        config = replace(CONFIG, window=WindowConfig(enabled=True), jsonl=JsonlConfig(enabled=True, path="faces.jsonl"))
        assert with_options(config) == config

    def test_no_sinks_is_none_but_those_beside_it(self):
        everything = replace(CONFIG, window=WindowConfig(enabled=True), mqtt=MqttConfig(enabled=True))
        config = with_options(everything, jsonl="-", no_sinks=True)
        assert config.jsonl.enabled
        assert [config.window.enabled, config.mqtt.enabled, config.terminal.enabled] == [False] * 3

    def test_a_file_in_no_folder(self):
        with pytest.raises(OutputError, match="there is no such folder"):
            with_options(CONFIG, jsonl="/nowhere/faces.jsonl")


def test_no_more_threads_than_cores():
    config = on_this_device(replace(CONFIG, emotion=replace(CONFIG.emotion, threads=1)))
    assert config.emotion.threads == 1
    many = on_this_device(replace(CONFIG, emotion=replace(CONFIG.emotion, threads=4096)))
    assert many.emotion.threads < 4096


class TestWatched:
    def test_a_service_plays_clips_at_their_own_speed(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
        assert is_watched(Config(), measured=False, endless=False)

    @pytest.mark.parametrize("endless", [True, False])
    def test_the_demo_never_ends_and_keeps_its_pace_but_where_it_is_measured(self, endless: bool):
        recording = replace(Config(), jsonl=JsonlConfig(enabled=True, path="session.jsonl"))
        assert is_watched(recording, measured=False, endless=endless) is endless
        assert not is_watched(recording, measured=True, endless=endless)

    def test_a_clip_on_a_screen_keeps_its_pace(self):
        assert is_watched(replace(Config(), window=WindowConfig(enabled=True)), measured=False, endless=False)
