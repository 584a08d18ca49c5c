"""The face detector: int8, grey, finds the visitor across the room.

    KERAS_BACKEND=torch python -m training train face --data FACES --run runs/face

FACES holds annotated photographs in one of the formats of `training/README.md`. An epoch is 12,800 views: 14 seconds on
an H100 that trains two other networks meanwhile, with five CPU cores to make the views; the whole under ten minutes.

Trained once, seed 1, on 5,011 pictures, most of their faces masked; cut off after epoch 41, of which 40 was kept. In
int8 (202 KB), on those kept aside: average precision 0.78, points 0.091 face sizes off (`quantize.grey_detector`). On
100 pictures of WIDER FACE, which are not like those: 0.54, BlazeFace 0.61, YuNet 0.78 (`quantize.compare_detectors`),
so no weights are shipped. A third as many and smaller views gave 0.67 and 0.49. What to try next: WIDER FACE's own
training pictures, a teacher's boxes on more pictures of bare faces.
"""

from functools import partial

from training.detection.network import detector
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(detector, height=None, width=None),
    epochs=42,
    batch_size=64,
    optimizer="adamw",
    learning_rate=4e-3,
    warmup_epochs=1,
    weight_decay=0.02,
    averaging=0.998,
    finds_faces=True,
)
