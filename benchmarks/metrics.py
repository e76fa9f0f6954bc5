"""What do the metrics cost? The replay with everything that `linewatch run` tells Prometheus, and without, in turn."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.child import apart
from benchmarks.figures import Figure, Result
from benchmarks.log import generated_log
from benchmarks.run import make_runner
from benchmarks.scale import Scale
from benchmarks.stopwatch import Stopwatch
from ops import metrics
from ops.metrics_run import RunFigures
from ops.settings import Settings

PART = 5  # of the log of the other benchmarks a fifth is enough


def run(scale: Scale, cache: Path) -> Result:
    """The figures, on the log whose lines are the quickest: what is added weighs most there."""
    log = generated_log(
        cache, crossings=scale.crossings // PART, vehicles=scale.vehicles // PART, ports=scale.ports, every_field=False
    )
    found = apart("benchmarks.metrics:measure", log=str(log), repeats=scale.repeats)
    with_them, without = found["with"], found["without"]
    figures = [
        Figure("share of the processor time that is spent in the metrics", found["share"], "", at_most=0.02),
        Figure("processor time with metrics / without", [a / b for a, b in zip(with_them, without, strict=True)], ""),
        Figure("one answer to Prometheus", found["page_ms"], "ms"),
    ]
    return Result(figures, [], [f"{found['lines']:,} lines, {scale.ports} ports, core fields only; one thread."])


def measure(log: str, repeats: int) -> dict[str, Any]:
    """Seconds of the thread, with and without metrics in turn, and what of them the metrics took."""
    found: dict[str, Any] = {"with": [], "without": [], "share": [], "page_ms": []}
    with tempfile.TemporaryDirectory() as folder:
        alerts = Path(folder, "alerts.jsonl")
        _replay(Path(log), alerts, RunFigures(Settings(), lambda: True))  # load what is compiled
        for _ in range(repeats):
            found["without"].append(_replay(Path(log), alerts, None))
            figures = RunFigures(Settings(), lambda: True)
            found["with"].append(_replay(Path(log), alerts, figures))
            began = time.perf_counter()
            metrics.page(metrics.registry(["run"], figures.values))
            found["page_ms"].append(1000 * (time.perf_counter() - began))
            found["share"].append(_share(Path(log), alerts))
    return found | {"lines": Path(log).read_bytes().count(b"\n")}


def _replay(log: Path, alerts: Path, figures: RunFigures | None) -> float:
    """Seconds of the thread in the runner."""
    runner = make_runner(log, alerts, figures)
    began = time.thread_time()
    runner.run()
    seconds = time.thread_time() - began
    runner.close()
    return seconds


def _share(log: Path, alerts: Path) -> float:
    """Of a run's time that which lies in the calls of the figures, the stopwatch's own left in."""
    figures, watch = RunFigures(Settings(), lambda: True), Stopwatch()
    for name in ("write", "took", "came"):
        watch.around(figures, name, "metrics")
    whole = _replay(log, alerts, figures)
    return watch.spent["metrics"].seconds / whole
