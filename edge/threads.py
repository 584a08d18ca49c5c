"""How many threads the libraries may start: the work of a frame is too small to share, and waiting threads cost memory.

On a Pi the other cores belong to the camera, the screen and the owner's own programs.
"""

from __future__ import annotations

import os


def limit_before_imports() -> None:
    """What numpy reads once, when it loads: here its matrices have a few rows. What the owner has set stays."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def limited(threads: int) -> int:
    """Give OpenCV so many threads, and say how many the interpreters should take: no more than there are cores for us.

    A container, or systemd's CPUAffinity, may allow fewer cores than the board has.
    """
    import cv2

    threads = min(threads, len(os.sched_getaffinity(0)))
    cv2.setNumThreads(threads)
    return threads
