"""The seed of a run on the command line."""

from __future__ import annotations

import argparse

LARGEST = 2**32 - 1
"""That every generator of random numbers here takes."""


def seed(text: str) -> int:
    """An argument's type. Raises ArgumentTypeError for what is no whole number from 0 to LARGEST."""
    if not text.isdecimal() or int(text) > LARGEST:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 0 to {LARGEST}")
    return int(text)
