"""The face detector: int8, grey, finds the visitor across the room.

    KERAS_BACKEND=torch python -m training train face --data FACES --run runs/face

FACES holds annotated photographs in one of the formats of `training/README.md`. An epoch is 3,200 views: 20 seconds at
160 pixels and 70 at full size on two free x86 cores (AVX2), the whole 50 minutes.

Trained once, for 99 epochs, on 5,011 pictures (most of their faces masked), seed 1, and turned into int8. On pictures
kept aside from those it is better than BlazeFace (average precision 0.67 against 0.60; points 0.094 face sizes off
against 0.114), on WIDER FACE, which is not like them, worse (0.49 against 0.61, by `quantize.compare_detectors`).
So no weights are shipped. What to try next: WIDER FACE's own training pictures, a teacher's boxes on more pictures of
bare faces, several times as many epochs.
"""

from functools import partial

from training.detection.network import detector
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(detector, height=None, width=None),
    epochs=110,
    small_epochs=96,
    small_side=160,
    batch_size=16,
    optimizer="adamw",
    learning_rate=3e-3,
    warmup_epochs=1,
    weight_decay=0.02,
    averaging=0.998,
    finds_faces=True,
)
