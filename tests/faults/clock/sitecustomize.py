"""Python imports this by itself where this folder is on its path: the time of day is off by what a file says."""

import os
import time
from pathlib import Path

_truth = time.time
_file = Path(os.environ["TEST_CLOCK_FILE"])


def _lie() -> float:
    return _truth() + float(_file.read_text() or 0)


time.time = _lie
