"""The seven emotions, in the one order used by data, models, cards, JSON and MQTT."""

from typing import Final

LABELS: Final = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The order of FER2013's class numbers 0..6."""
