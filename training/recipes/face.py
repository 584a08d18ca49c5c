"""The face detector: int8, grey, finds the visitor across the room.

    KERAS_BACKEND=torch python -m training train face --data FACES --run runs/face

FACES holds annotated photographs in one of the formats of `training/README.md`. An epoch is 3,200 views: about 20
seconds at 160 pixels and 70 at full size on two free x86 cores (AVX2), the whole about 50 minutes.

Trained once, seed 1, on 5,011 pictures, most of their faces masked: 99 epochs, in pieces, because the recipe's length
was changed on the way. Kept was epoch 85, before full size, which did not help. In int8 (202 KB), on those kept aside:
average precision 0.67, points 0.094 face sizes off (`quantize.grey_detector`). On 100 pictures of WIDER FACE, which are
not like those: 0.49, BlazeFace 0.61 (`quantize.compare_detectors`), so no weights are shipped. What to try next: WIDER
FACE's own training pictures, a teacher's boxes on more pictures of bare faces, several times as many epochs.
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
