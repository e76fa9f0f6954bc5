"""How many bytes is a vehicle, and how long do a checkpoint and a restore of all of them take?"""

from __future__ import annotations

import gc
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.child import apart
from benchmarks.figures import Figure, Result
from benchmarks.run import make_parts
from benchmarks.scale import Scale
from schemas.batch import COLUMN_NAMES, DETECTOR_COLUMNS, TEXT_COLUMNS, CrossingBatch
from stream.checkpoint import StateFolder
from stream.lines import Position
from stream.pipeline import Pipeline

BATCH = 4_096
PORTS = 100
START_MS = 1_767_571_200_000  # 2026-01-05
DAYS = 30
CHANGED = 0.05  # share of the vehicles that cross between two checkpoints


def run(scale: Scale, cache: Path) -> Result:
    """The figures. The restore runs in a process of its own, from disk and not from the page cache (Linux)."""
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        kept = apart("benchmarks.memory:remember", vehicles=scale.remembered, folder=folder)
        restored = [
            apart("benchmarks.memory:restore", vehicles=scale.remembered, folder=folder) for _ in range(scale.repeats)
        ]
    n = scale.remembered
    small = scale.remembered < 100_000  # the fixed part would drown what a vehicle takes
    per_vehicle = {} if small else {"at_most": 1024.0}
    seconds = {"at_most": 10.0}
    figures = [
        Figure("memory a vehicle, all in", [kept["resident"] / n], "bytes", **per_vehicle),
        Figure("of that the row of the state table", [kept["row"]], "bytes"),
        Figure("state table with its index a vehicle", [kept["table"] / n], "bytes"),
        Figure("memory a vehicle after a restore", [r["resident"] / n for r in restored], "bytes", **per_vehicle),
        Figure("highest memory a vehicle during a restore", [r["highest"] / n for r in restored], "bytes"),
        Figure("checkpoint of everything, synced to disk", [kept["save_s"]], "s", **seconds),
        Figure(f"checkpoint after {CHANGED:.0%} have changed", [kept["again_s"]], "s", **seconds),
        Figure("restore", [r["load_s"] for r in restored], "s", **seconds),
        Figure("bytes on disk a vehicle", [kept["disk"] / n], "bytes"),
        Figure("written by the second checkpoint", [kept["written"] / 1e6], "MB"),
        Figure("crossings of vehicles never seen before", [kept["rate"]], "crossings/s"),
    ]
    return Result(figures, notes=[f"{n:,} vehicles, one crossing each over {DAYS} days and {PORTS} ports."])


def remember(vehicles: int, folder: str) -> dict[str, float]:
    """Meet every vehicle once, then save twice."""
    _, pipeline = make_parts()
    for name in range(PORTS):
        pipeline.ports.code_of(f"{name:04d}")
    pipeline.push(crossings(np.arange(min(BATCH, vehicles)), vehicles))  # compiled code, port rows
    gc.collect()
    before, start = resident(), time.perf_counter()
    for first in range(BATCH, vehicles, BATCH):
        pipeline.push(crossings(np.arange(first, min(first + BATCH, vehicles)), vehicles))
    rate = (vehicles - BATCH) / (time.perf_counter() - start)
    gc.collect()
    after = resident()
    state = StateFolder(Path(folder, "state"))
    save_s, disk, _ = _save(state, pipeline)
    changed = np.sort(np.random.default_rng(2).choice(vehicles, max(1, int(vehicles * CHANGED)), replace=False))
    pipeline.push(crossings(changed, vehicles, later_ms=DAYS * 86_400_000))
    again_s, _, written = _save(state, pipeline)
    state.close()
    table = pipeline.vehicles.table
    return {
        "resident": after - before, "row": table.dtype.itemsize, "table": table.nbytes, "rate": rate,
        "save_s": save_s, "again_s": again_s, "disk": disk, "written": written,
    }  # fmt: skip


def restore(vehicles: int, folder: str) -> dict[str, float]:
    """Load the checkpoint into a fresh pipeline."""
    state = StateFolder(Path(folder, "state"))
    _forget_pages(Path(folder, "state"))
    _, pipeline = make_parts()
    gc.collect()
    before, start = resident(), time.perf_counter()
    saved = state.load()
    assert saved is not None
    pipeline.load(saved.pipeline)
    load_s = time.perf_counter() - start
    assert len(pipeline.vehicles.table) == vehicles, "vehicles were lost"
    return {"load_s": load_s, "resident": resident() - before, "highest": highest() - before}


def crossings(who: Any, vehicles: int, later_ms: int = 0) -> CrossingBatch:
    """One crossing of each of the vehicles `who` (their numbers), at times that rise with the number."""
    n = len(who)
    columns: dict[str, Any] = {}
    for name in COLUMN_NAMES:
        if name in TEXT_COLUMNS:
            columns[name] = np.full(n, None, object)
        else:
            dtype, absent = DETECTOR_COLUMNS[name]
            columns[name] = np.full(n, 0 if absent is None else absent, dtype)
    columns["time_ms"] = START_MS + later_ms + (who * (DAYS * 86_400_000 / vehicles)).astype(np.int64)
    columns["local_ms"] = columns["time_ms"]
    columns["vehicle_key"] = _mixed(who)
    columns["crossing_key"] = _mixed(who + (vehicles if later_ms else 2 * vehicles))
    columns["port"] = (columns["vehicle_key"] % np.uint64(PORTS)).astype(np.int32)
    columns["crossing_id"] = np.array([f"c{k}-{later_ms}" for k in who.tolist()], object)
    columns["vehicle"] = np.array([f"{k:032x}" for k in who.tolist()], object)
    columns["lane"] = np.full(n, "G01", object)
    return CrossingBatch(**columns)


def _mixed(numbers: Any) -> Any:
    """A distinct 64-bit key of each number: an odd multiplier is a bijection, and so is the shift."""
    keys = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return keys ^ (keys >> np.uint64(32))


def resident() -> int:
    """Bytes of memory this process holds now (Linux; elsewhere the highest so far)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return highest()


def highest() -> int:
    """The most bytes of memory that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _save(state: StateFolder, pipeline: Pipeline) -> tuple[float, int, int]:
    """Seconds, bytes of the checkpoint, and bytes of those files that are not links to an earlier one."""
    start = time.perf_counter()
    state.save(
        pipeline.save, source=Position(0, 1, "", ""), sinks={}, counters={}, ports=pipeline.ports.to_json(), identity={}
    )
    seconds = time.perf_counter() - start
    saved = state.load()
    assert saved is not None
    stats = [path.stat() for path in saved.pipeline.rglob("*") if path.is_file()]
    fresh = [s.st_size for s in stats if time.time() - s.st_mtime <= seconds + 1]
    return seconds, sum(s.st_size for s in stats), sum(fresh)


def _forget_pages(folder: Path) -> None:
    """Have the files read from disk, not from memory."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)
