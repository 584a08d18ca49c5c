"""What the mirror image of a face is worth: accuracy of the face alone, of its mirror image, and of their mean.

    python -m training.mirror --data DATA [--model emotion] [--split PublicTest]

DATA holds fer2013.csv and fer2013new.csv. `edge/emotion/views.py` relies on what comes out here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from edge.emotion.classifier import EmotionClassifier
from edge.emotion.tflite import find_model
from edge.emotion.views import both
from edge.errors import EdgeError
from training.data import FaceSet
from training.metrics import proportion
from training.sources import read_source


def mirror_table(faces: FaceSet, classifier: EmotionClassifier) -> str:
    """One line for each way, of the faces that have a label."""
    labelled = faces.take(np.flatnonzero(faces.labels >= 0))
    alone = classifier.classify(list(labelled.images))
    in_the_mirror = classifier.classify([both(face)[1] for face in labelled.images])
    lines = []
    for name, answers in {"alone": alone, "mirror": in_the_mirror, "mean": (alone + in_the_mirror) / 2}.items():
        right = proportion(int((answers.argmax(axis=1) == labelled.labels).sum()), len(labelled))
        surprise = -np.log(np.maximum(answers[np.arange(len(labelled)), labelled.labels], 1e-9)).mean()
        interval = f"({right['low']:.4f} to {right['high']:.4f})"
        lines.append(f"{name:8} accuracy {right['value']:.4f} {interval}, -log p of the label {surprise:.3f}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="training.mirror", description="Measure what the mirror image is worth.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", default="emotion", help="name of a shipped model, or a .tflite file")
    parser.add_argument("--split", default="PublicTest", choices=("PublicTest", "PrivateTest"))
    options = parser.parse_args(arguments)
    try:
        classifier = EmotionClassifier(find_model(options.model))
        faces = read_source(options.data)[options.split]
    except EdgeError as err:
        sys.stderr.write(f"training.mirror: {err}\n")
        return 2
    sys.stdout.write(mirror_table(faces, classifier) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
