"""How many crossings a second, from JSON lines to alerts, on one core? And its peers, in the same run."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.child import apart
from benchmarks.figures import Figure, Result, Table
from benchmarks.log import generated_log
from benchmarks.run import blocks_of, make_parts, make_runner
from benchmarks.scale import Scale


def run(scale: Scale, cache: Path) -> Result:
    """The figures; everything is measured in one process on one core."""
    log = generated_log(cache, crossings=scale.crossings, vehicles=scale.vehicles, ports=scale.ports)
    plain = generated_log(cache, crossings=scale.crossings, vehicles=scale.vehicles, ports=scale.ports,
                          every_field=False)  # fmt: skip
    core = apart("benchmarks.speed:measure_core", log=str(plain), repeats=scale.repeats)
    found = apart("benchmarks.speed:measure", log=str(log), repeats=scale.repeats, peers_sample=scale.peers,
                  naive_sample=scale.naive)  # fmt: skip
    where = apart("benchmarks.where:measure", log=str(log))
    rates: dict[str, list[float]] = found["rates"]
    replay = rates["replay"]
    river = [a / b for a, b in zip(replay, rates["river"], strict=True)]
    decode = [a / b for a, b in zip(replay, rates["decode"], strict=True)]
    naive = [a / b for a, b in zip(replay, rates["naive"], strict=True)]
    by_busy = [rate / share for rate, share in zip(replay, found["busy"], strict=True)]
    figures = [
        Figure("JSON lines to alerts, as `linewatch replay` runs, every field", replay, "crossings/s", at_least=80_000),
        Figure("the same, a second of processor time", by_busy, "crossings/s"),
        Figure("JSON lines to alerts, core fields only", core["replay"], "crossings/s", at_least=80_000),
        Figure("decoding alone, core fields only", core["decode"], "crossings/s"),
        Figure("every field, blocks in memory, alerts kept", rates["memory"], "crossings/s"),
        Figure("decoding alone, every field (the limit)", rates["decode"], "crossings/s"),
        Figure("river `HalfSpaceTrees()` alone, features ready", rates["river"], "crossings/s"),
        Figure("naive: pydantic, dict, river, one at a time", rates["naive"], "crossings/s"),
        Figure("replay / decoding alone", decode, "", at_least=0.5),
        Figure("replay / river alone", river, "", at_least=3.0),
        Figure("replay / naive", naive, ""),
        Figure("processor time / wall clock of the replay (1 = undisturbed)", found["busy"], ""),
    ]
    size = (
        f"{found['lines']:,} lines ({found['bytes'] / 1e6:,.0f} MB), {scale.vehicles:,} vehicles, {scale.ports} ports"
    )
    same = f"{found['alerts']:,} alerts, the same bytes in every run (SHA-256 {found['digest'][:12]}…)"
    peer = f"river on {scale.peers:,} crossings, naive on {scale.naive:,}; everything on one core, one thread"
    notes = [f"{size}, {same}.", f"{peer}."]
    return Result(figures, [Table(**table) for table in where], notes)


def measure(log: str, repeats: int, peers_sample: int, naive_sample: int) -> dict[str, Any]:
    """Rates of every part, `repeats` times in turn, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        alerts = Path(folder, "alerts.jsonl")
        blocks = blocks_of(Path(log))
        lines = sum(block.count(b"\n") for block in blocks)
        _warm_up(blocks[:2], Path(folder))
        features = peers.ready_made(make_parts()[0], blocks, peers_sample)
        naive_lines = peers.lines_of(blocks, naive_sample)
        rates: dict[str, list[float]] = {name: [] for name in ("replay", "memory", "decode", "river", "naive")}
        digests, busy = set(), []
        for _ in range(repeats):
            seconds, share = _replay(Path(log), alerts)
            rates["replay"].append(lines / seconds)
            busy.append(share)
            digests.add(hashlib.sha256(alerts.read_bytes()).hexdigest())
            rates["memory"].append(lines / _timed(lambda: _in_memory(blocks)))
            rates["decode"].append(lines / _timed(lambda: _decode(blocks)))
            rates["river"].append(len(features) / peers.river_alone(features))
            rates["naive"].append(len(naive_lines) / peers.naive(naive_lines))
        if len(digests) != 1:
            raise AssertionError(f"the same log gave different alerts: {digests}")
        return {
            "rates": rates, "busy": busy, "lines": lines, "bytes": sum(map(len, blocks)),
            "alerts": alerts.read_bytes().count(b"\n"), "digest": digests.pop(),
        }  # fmt: skip


def measure_core(log: str, repeats: int) -> dict[str, list[float]]:
    """Rates of the replay and of decoding, `repeats` times in turn, where no line carries an optional field."""
    with tempfile.TemporaryDirectory() as folder:
        alerts = Path(folder, "alerts.jsonl")
        blocks = blocks_of(Path(log))
        lines = sum(block.count(b"\n") for block in blocks)
        _warm_up(blocks[:2], Path(folder))
        rates: dict[str, list[float]] = {"replay": [], "decode": []}
        for _ in range(repeats):
            rates["replay"].append(lines / _replay(Path(log), alerts)[0])
            rates["decode"].append(lines / _timed(lambda: _decode(blocks)))
        return rates


def _warm_up(blocks: list[bytes], folder: Path) -> None:
    """Load what is compiled (or compile it) before the clock runs."""
    log = folder / "warm.jsonl"
    log.write_bytes(b"".join(blocks))
    _replay(log, folder / "warm-alerts.jsonl")


def _replay(log: Path, alerts: Path) -> tuple[float, float]:
    """Seconds of the runner from the first byte to the synced alert file, and processor time by wall clock."""
    runner = make_runner(log, alerts)
    start, busy = time.perf_counter(), time.process_time()
    runner.run()
    seconds = time.perf_counter() - start
    share = (time.process_time() - busy) / seconds
    runner.close()
    return seconds, share


def _in_memory(blocks: list[bytes]) -> int:
    codec, pipeline = make_parts()
    kept = [alert.to_json() for block in blocks for alert in pipeline.push(codec.decode(block).batch).alerts]
    return len(kept) + len(pipeline.flush().alerts)


def _decode(blocks: list[bytes]) -> int:
    codec, _ = make_parts()
    return sum(len(codec.decode(block).batch) for block in blocks)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
