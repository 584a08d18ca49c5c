"""The face detector: int8, grey, finds the visitor across the room.

    KERAS_BACKEND=torch python -m training train face --data FACES --run runs/face

FACES holds `boxes.csv` and `images/`.
"""

from functools import partial

from training.detection.network import detector
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(detector, height=None, width=None),
    epochs=30,
    small_epochs=27,
    small_side=160,
    batch_size=16,
    optimizer="adamw",
    learning_rate=3e-3,
    warmup_epochs=1,
    weight_decay=0.02,
    averaging=0.998,
    finds_faces=True,
)
