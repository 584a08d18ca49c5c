"""The third generation: taught by two that learned what people see, and one that learned FER2013's search words.

    KERAS_BACKEND=torch python -m training train fer2013 --data DATA --run runs/fer2013 \\
        --set epochs=80 small_epochs=40 patience=None
    KERAS_BACKEND=torch python -m training train broader --data DATA --run runs/broader
"""

from training import networks
from training.recipe import Recipe, Refining
from training.recipes.crowd import MILDEST
from training.recipes.teacher import CAMERAS

RECIPE = Recipe(
    network=networks.residual,
    start="runs/fer2013",
    teachers=("emotion", "emotion", "emotion-nano", "runs/fer2013"),
    teacher_share=0.7,
    teachers_see="faces",
    epochs=80,
    augmentation=CAMERAS,
    augmentation_ramp_epochs=0,
    optimizer="sgd",
    learning_rate=0.08,
    warmup_epochs=1,
    refinings=(Refining(epochs=40, rate=0.05, augmentation=MILDEST),),
    weight_decay=3e-3,
    averaging=0.999,
)
