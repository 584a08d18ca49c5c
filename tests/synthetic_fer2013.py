"""FER2013 and FER+ files of made-up pictures, small enough to be written in every test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.emotion.labels import LABELS
from training.data import SPLITS, VOTE_COLUMNS, label_index


def write_fer2013(folder: Path, per_label: int = 8, seed: int = 0) -> None:
    """`fer2013.csv` and `fer2013new.csv`: in every split, so many faces of each label, all votes on that label.

    A label shows as the place of a bright bar in noise, so that even a tiny network can learn it.
    """
    random = np.random.default_rng(seed)
    column_of = {label_index(name, "votes"): index for index, name in enumerate(VOTE_COLUMNS[:7])}
    faces, votes = ["emotion,pixels,Usage"], ["Usage,Image name," + ",".join(VOTE_COLUMNS)]
    for split in SPLITS:
        for label in list(range(len(LABELS))) * per_label:
            image = random.integers(0, 120, (48, 48))
            image[6 * label : 6 * label + 6] += 120
            faces.append(f"{label},{' '.join(map(str, image.ravel()))},{split}")
            counts = [0] * len(VOTE_COLUMNS)
            counts[column_of[label]] = 10
            votes.append(f"{split},fer{len(votes) - 1:07d}.png,{','.join(map(str, counts))}")
    (folder / "fer2013.csv").write_text("\n".join(faces) + "\n")
    (folder / "fer2013new.csv").write_text("\n".join(votes) + "\n")
