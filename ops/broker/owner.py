"""Which process runs the broker of a folder, when another program started it? And how is that one stopped?

A process id alone may be a stranger's by now. A running broker holds the lock on its data, which the kernel drops with
the process: the id counts only while somebody holds that lock.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

POLL_S = 0.05


def write(folder: Path, pid: int) -> None:
    """Note who was started."""
    (folder / "kafka.pid").write_text(f"{pid}\n", encoding="ascii")


def find(folder: Path) -> int | None:
    """The process that runs the broker of this folder; None when there is none."""
    lock, noted = folder / "data" / ".lock", folder / "kafka.pid"
    if not lock.exists() or not noted.exists():
        return None
    with lock.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kind of lock that Java takes
        except BlockingIOError:
            return int(noted.read_text(encoding="ascii"))
    return None


def stop(folder: Path, timeout_s: float) -> int | None:
    """SIGTERM, then SIGKILL when that takes too long; the process that was stopped, None when there was none."""
    pid = find(folder)
    if pid is None:
        return None
    deadline = time.monotonic() + timeout_s
    with suppress(ProcessLookupError):  # it may end by itself meanwhile
        os.kill(pid, signal.SIGTERM)
        while find(folder) is not None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_S)  # not our child: there is nothing to wait on
    return pid
