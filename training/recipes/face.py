"""The face detector: int8, grey, finds the visitor across the room.

    KERAS_BACKEND=torch python -m training train face --data FACES --run runs/face

FACES holds annotated photographs in one of the formats of `training/README.md`. An epoch is 3,200 views; the first
epochs took 28 seconds of one core each (x86, AVX2), so the whole is about an hour on two free cores. It has not been
trained to its end yet: what it reaches is not known, and no weights are shipped.
"""

from functools import partial

from training.detection.network import detector
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(detector, height=None, width=None),
    epochs=120,
    small_epochs=104,
    small_side=160,
    batch_size=16,
    optimizer="adamw",
    learning_rate=3e-3,
    warmup_epochs=1,
    weight_decay=0.02,
    averaging=0.998,
    finds_faces=True,
)
