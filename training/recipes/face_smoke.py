"""Proves that training a face detector works: a tiny network for a few steps, in under a minute. It finds nothing.

KERAS_BACKEND=torch python -m training train face_smoke --data FACES --run runs/face_smoke
"""

from functools import partial

from training.detection.network import detector
from training.recipe import Recipe

RECIPE = Recipe(
    network=partial(detector, height=None, width=None, stem=4, quarter=8, widths=(8, 8, 8), neck=8),
    epochs=2,
    small_epochs=1,
    small_side=64,
    batch_size=4,
    warmup_epochs=0,
    averaging=0.9,
    faces=16,
    finds_faces=True,
)
