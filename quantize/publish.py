"""Files that belong together appear together, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def publish(texts: dict[Path, str]) -> None:
    """Write all texts beside their targets, then rename each into place. All targets are in one folder."""
    folder = next(iter(texts)).parent
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing_") as staging:
        for target, text in texts.items():
            (Path(staging) / target.name).write_text(text, encoding="utf-8")
        for target in texts:
            os.replace(Path(staging) / target.name, target)
