"""A teacher that has told thousands of people apart before it learns what the crowd sees (`training.known_faces`).

    KERAS_BACKEND=torch python -m training train expert --data DATA --run runs/expert
    KERAS_BACKEND=torch python -m training train expert --data DATA --run runs/expert-words --set start=runs/expert \\
        own_labels=0.7 augmentation_ramp_epochs=0

DATA holds fer2013.csv and fer2013new.csv, runs/known is what `python -m training.known_faces` writes. On two x86 cores
(AVX-512 with bfloat16) an epoch takes 95 seconds. In twelve it is right about 85.1 % of PublicTest, cross-entropy
0.722: more than `teacher` learns in 44 epochs from nothing, less than `emotion` in 172. Their mean comes to 0.696
instead of the 0.702 of `emotion` alone; 22 epochs of `again` from `emotion`, taught by these and a third about the
faces as they are, left it at 0.702. Views taught it no more: 44 epochs from `emotion` (normalized), taught by itself,
the third generation (`again`) and this about both views (`teachers_see=both_views distinct_epochs=10
teacher_share=0.8`), came to 0.701 and 85.9 % of PublicTest after calibration (`emotion`: 0.702 and 86.3 %), on CK+'s
first half of people to 83.1 % (84.2 %).

The second command goes on with FER2013's own labels, of which it then names 68.2 %, by both views 68.9 %: a teacher
for `fer2013`.
"""

from training.known_faces import mobilenet
from training.recipe import Recipe
from training.recipes.teacher import CAMERAS

RECIPE = Recipe(
    network=mobilenet,
    start="runs/known",
    epochs=12,
    augmentation=CAMERAS,
    augmentation_ramp_epochs=2,
    optimizer="adamw",
    learning_rate=5e-4,
    warmup_epochs=1,
    weight_decay=0.05,
    averaging=0.998,
)
