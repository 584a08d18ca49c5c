from __future__ import annotations

import json
import subprocess
import sys

ASK = """
import json, os
from edge.threads import limit_before_imports, limited
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
limit_before_imports()
threads = limited(8)
import cv2, numpy
print(json.dumps([threads, cv2.getNumThreads(), len(os.listdir("/proc/self/task"))]))
"""


def test_one_core_is_one_thread() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [1, 1, 1]
