"""`emotion-edge run`, and at its end one line on standard output: the most memory this process ever had, in MB.

Asked of the process itself: what a parent reads of its children (getrusage, wait4) counts from the parent's own peak,
because a child shares the parent's memory until it becomes a program of its own.
"""

from __future__ import annotations

import sys

from edge.__main__ import main
from edge.board import peak_mb

if __name__ == "__main__":
    code = main(["run", *sys.argv[1:]])
    print(peak_mb() or 0.0)  # noqa: T201
    sys.exit(code)
