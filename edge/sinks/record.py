"""Saves faces as the model sees them, for training it later. Only the configuration file can switch it on."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import cv2

from edge.config import RecordConfig
from edge.emotion.card import load_verified
from edge.emotion.crop import face_input
from edge.sinks.face_store import FaceStore
from edge.types import Frame, Result, Status, Track

log = logging.getLogger(__name__)


class Record:
    """Writes `<folder>/<emotion>/<time>_<id>.png`, which `training.data.read_folder` reads.

    The emotion is what the model thought likeliest: of an uncertain face, a guess that a person has to check.
    """

    name = "record"
    keeps_faces = True

    def __init__(self, config: RecordConfig, model: Path) -> None:
        """model: the emotion model whose input is saved."""
        self._config, self._model = config, model
        self._side = 0
        self._store: FaceStore | None = None
        self._saved_at: dict[int, float] = {}
        """Of each person saved within the last interval, the frame's time."""

    def open(self) -> None:
        _, card = load_verified(self._model)
        self._side = int(card["input"][1])
        store = FaceStore(Path(self._config.folder), self._config.max_mb * 1_000_000, self._config.max_age_days)
        store.open()
        self._store = store
        log.info("record: faces are saved in %s; tell the people in front of the camera", self._config.folder)

    def show(self, result: Result) -> None:
        if self._store is None:
            return
        frame = result.frame
        self._forget(frame)
        for track in result.tracks:
            wanted = track.clear and (track.uncertain or self._config.which == "all")
            if wanted and track.id not in self._saved_at:
                self._saved_at[track.id] = frame.time
                self._store.add(self._picture(frame, track), track.emotion, frame.wall, track.id)
        self._store.prune(frame.wall)

    def status(self, status: Status) -> None:
        """Old faces go also while nobody is there. That faces are recorded is told by those who show the status."""
        if self._store is not None:
            self._store.prune(time.time())

    def close(self) -> None:
        self._store = None

    def _forget(self, frame: Frame) -> None:
        """Who was saved longer ago than the interval may be saved again; so may all when a clip begins again."""
        interval = self._config.interval_s
        self._saved_at = {id_: at for id_, at in self._saved_at.items() if 0 <= frame.time - at < interval}

    def _picture(self, frame: Frame, track: Track) -> bytes:
        """PNG of the (side, side) grey model input, cut out of the same picture as the model's was."""
        points = frame.in_tracking_image(track.face).points
        _, png = cv2.imencode(".png", face_input(frame.tracking_image, points, self._side))
        return png.tobytes()
