"""The service started anew with another model, and watched until it is plain that it works."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from edge.service import Service, installed_service, restart

PATIENCE_S: Final = 60.0
"""Until it is healthy."""
WATCHED_S: Final = 10.0
"""So long it must keep running, after its start."""
SIGNS_OF_LIFE: Final = 3
"""The daemon gives one a second, after a frame has gone through the chain or while it waits for its camera."""
LOOKS: Final = 5
"""So often systemd may tell nothing in a row: it is busy, or reads its units again."""
PAUSE_S: Final = 0.5
UNSEEN: Final = f"systemd told nothing of it {LOOKS} times in a row"


def restarted(
    look: Callable[[], Service | None] = installed_service,
    again: Callable[[], None] = restart,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Restart the service and watch it; why it is not healthy, empty where it is."""
    before = seen(look, sleep)
    again()
    if before is None:
        return UNSEEN
    deadline = clock() + PATIENCE_S
    pid, since, signs = 0, 0.0, set[int]()
    while clock() < deadline:
        sleep(PAUSE_S)
        now = seen(look, sleep)
        if now is None:
            return UNSEEN
        if now.state.startswith("failed") or now.state.endswith("(auto-restart)"):
            return f"it ended ({now.result}, code {now.exit_code})"
        if not now.is_active or now.pid == before.pid:
            continue
        if not pid:
            pid, since = now.pid, clock()
        elif now.pid != pid:
            return f"it ended ({now.result}, code {now.exit_code})"
        signs.add(now.alive_us)
        if len(signs) >= SIGNS_OF_LIFE and clock() - since >= WATCHED_S:
            return ""
    return (
        f"it gave too few signs of life within {PATIENCE_S:.0f} s"
        if pid
        else f"it was not ready within {PATIENCE_S:.0f} s"
    )


def seen(
    look: Callable[[], Service | None] = installed_service, sleep: Callable[[float], None] = time.sleep
) -> Service | None:
    """The service, as soon as systemd tells of it; None where it has not after some looks."""
    for _ in range(LOOKS - 1):
        if now := look():
            return now
        sleep(PAUSE_S)
    return look()
