"""What data sets call the seven emotions."""

from __future__ import annotations

from edge.emotion.labels import LABELS
from training.errors import DataError

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "calm": "neutral",
}
"""Names that other data sets give to the seven labels."""

NO_LABEL = -1
"""Stands where people's majority is none of the seven (contempt, unknown, not a face)."""


def label_index(name: str, where: str) -> int:
    """The index of an emotion's name, in any data set's spelling. Raises DataError with `where` in it."""
    plain = name.strip().lower()
    plain = SYNONYMS.get(plain, plain)
    if plain not in LABELS:
        raise DataError(f"{where}: unknown emotion '{name}'; known are {', '.join((*LABELS, *SYNONYMS))}")
    return LABELS.index(plain)
