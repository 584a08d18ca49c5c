"""The second generation of `crowd`: begins where a run of it ended, and learns from what that run thinks, too.

    KERAS_BACKEND=torch python -m training train crowd --data DATA --run runs/crowd
    KERAS_BACKEND=torch python -m training train again --data DATA --run runs/again
    KERAS_BACKEND=torch python -m training average runs/crowd runs/again --data DATA --run runs/mean

DATA holds fer2013.csv and fer2013new.csv. Ten votes are few: half of every target is what the first generation thought
of the face and of its mirror image, which is right about more faces than one look is (Furlanello et al., "Born-again
neural networks", 2018). It took an hour and 40 minutes on two x86 cores (AVX2).

On PublicTest, cross-entropy and accuracy: first generation 0.705 and 85.4 %, second 0.704 and 85.6 %, the mean of their
weights 0.702 and 85.8 %; that one is shipped. In int8 on PrivateTest, calibrated: 84.3 %, by both views 85.2 %, by the
FER+ authors' own rule 87.4 %; on spoilt pictures 78.8 % (first generation: 78.2 %).

A third generation, 116 more epochs, was taught by this one, by `emotion-nano` and by a network of FER2013's own labels
(`fer2013`). With balanced base rates it was right about more of CK+'s first half of people (about 87 % instead of 83),
but not of the second (80.5 instead of 80.7 %); on PublicTest it lost 0.4 points, on PrivateTest 0.6: not shipped.
"""

from training import networks
from training.recipe import Recipe
from training.recipes.crowd import MILDEST

RECIPE = Recipe(
    network=networks.residual,
    start="runs/crowd",
    teachers=("runs/crowd",),
    teachers_see="faces",
    epochs=40,
    augmentation=MILDEST,
    augmentation_ramp_epochs=0,
    optimizer="sgd",
    learning_rate=0.05,
    warmup_epochs=1,
    weight_decay=3e-3,
    averaging=0.999,
)
