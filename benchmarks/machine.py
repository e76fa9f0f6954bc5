"""On what machine was it measured? Processor, memory, versions, the commit, and how busy the machine was."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("numpy", "numba", "river", "msgspec", "pydantic", "xxhash")


def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gb() -> float:
    """Physical memory in GB (10^9 bytes)."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def commit() -> str:
    """The short commit, with + where files differ from it; `unknown` outside a checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"],  # noqa: S607 (git as the developer has it)
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def describe() -> dict[str, str]:
    """Everything a reader needs to judge the figures."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{memory_gb():.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": sys.version.split()[0],
        "libraries": ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES),
        "commit": commit(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
