"""What do processes take of the processor and of memory, and what does everybody else on the machine take?

From /proc, so Linux only. A "core" is a second of processor time a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

OTHERS = "others"


def busy_s(pid: int) -> float:
    """Seconds of processor time that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_busy_s() -> float:
    """Seconds of processor time that all cores were not idle; what a hypervisor took away counts as busy."""
    user, nice, system, _idle, _wait, *rest = map(int, Path("/proc/stat").read_text().split(maxsplit=9)[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def memory_gb(pid: int, *, highest: bool = False) -> float:
    """Resident memory of a process in GB (10^9 bytes), now or the highest so far."""
    wanted = "VmHWM:" if highest else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(wanted):
            return int(line.split()[1]) * 1024 / 1e9
    raise RuntimeError(f"process {pid} has no memory: it has ended")


class Usage:
    """Cores that some processes use between `start` and `stop`; they must live for so long."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._before: dict[str, float] = {}
        self._since = 0.0

    def start(self) -> None:
        """Count from now on."""
        self._before, self._since = self._now(), time.monotonic()

    def stop(self) -> dict[str, float]:
        """Cores of each process, and of the `others` on the machine."""
        seconds, after = time.monotonic() - self._since, self._now()
        cores = {name: (after[name] - before) / seconds for name, before in self._before.items()}
        cores[OTHERS] = max(0.0, cores[OTHERS] - sum(cores[name] for name in self._processes))
        return cores

    def _now(self) -> dict[str, float]:
        return {name: busy_s(pid) for name, pid in self._processes.items()} | {OTHERS: machine_busy_s()}
