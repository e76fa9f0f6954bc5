"""Where does the time of a replay go? The runner once more, with a stopwatch around every stage.

A pass of its own, so that the main figure is clean. The table of what is wrapped names attributes of the program; when
one is renamed the benchmark stops with an AttributeError, and the table here is to be corrected.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemas.codec
import schemas.columns
import stream.port_stage
import stream.stages
from benchmarks.figures import Table, text
from benchmarks.run import make_runner
from benchmarks.stopwatch import Spent, Stopwatch, per_call
from detectors.base import Detector
from stream.runner import Runner
from stream.stages import Bank


@dataclass(frozen=True)
class _Timed:
    """A detector whose `assess` is timed; everything else is the detector's."""

    detector: Detector
    assess: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.detector, name)


def measure(log: str) -> list[dict[str, Any]]:
    """Two tables: by part, and what a segment costs."""
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(log), Path(folder))  # what is compiled is loaded now
        watch, seconds, crossings = _run(Path(log), Path(folder))
    return [_by_part(watch, seconds, crossings), _by_segment(watch)]


def _run(log: Path, folder: Path) -> tuple[Stopwatch, float, int]:
    runner, watch = make_runner(log, folder / "alerts.jsonl"), Stopwatch()
    _wrap(runner, watch)
    try:
        start = time.thread_time()
        tally = runner.run()
        return watch, time.thread_time() - start, tally.lines
    finally:
        watch.stop()
        runner.close()


def _wrap(runner: Runner, watch: Stopwatch) -> None:
    """Put the stopwatch around everything; labels are `part: what`."""
    parts = runner.parts
    codec, pipeline, source = parts.codec, parts.pipeline, parts.source
    blocks = source.blocks
    source.blocks = lambda: watch.each("source: read and cut lines", blocks())  # type: ignore[method-assign]
    watch.around(codec, "decode", "decode: checks, the rest")
    watch.around(codec, "_read_block", "decode: JSON")
    watch.around(schemas.codec, "times_ms", "decode: times")
    watch.around(codec, "_port_numbers", "decode: port numbers")
    watch.around(schemas.codec, "to_batch", "decode: columns")
    watch.around(schemas.columns, "keys64", "decode: ids")
    watch.around(parts.ports, "local_ms", "decode: local times")
    watch.around(pipeline, "push", "pipeline: the rest")
    watch.around(pipeline.reorder, "push", "reorder")
    _wrap_stage(pipeline.vehicles, "vehicle stage", watch)
    watch.around(stream.stages, "admit", "vehicle stage: admission")
    _wrap_stage(pipeline.at_ports, "port stage", watch)
    watch.around(stream.port_stage, "features", "port stage: features")
    watch.around(stream.port_stage, "judge", "judge", lambda _, slots, *__: len(slots))
    watch.around(pipeline.at_ports.calibrator, "roll", "judge: publish calibration")
    watch.around(pipeline.builder, "alerts", "alerts: reasons and sentences")
    for sink in parts.sinks:
        watch.around(sink, "write", f"sinks: {sink.name}")
    watch.around(parts.dead_letter, "write", "sinks: dead letter")
    watch.around(runner.tally, "take", "sinks: tally")


def _wrap_stage(stage: Any, name: str, watch: Stopwatch) -> None:
    bank: Bank = stage.bank
    watch.around(stage, "push", f"{name}: the rest")
    watch.around(stage.table, "slots_of", f"{name}: find rows")
    watch.around(bank, "enter", f"{name}: shared sums")
    watch.around(bank, "assess", f"{name}: call detectors", lambda _, slots, *__: len(slots))
    bank.detectors = tuple(
        _Timed(d, watch.wrap(f"{name}: {d.name}", d.assess, lambda _, slots, *__: len(slots))) for d in bank.detectors
    )


def _by_part(watch: Stopwatch, seconds: float, crossings: int) -> dict[str, Any]:
    """One row a label, in the order of the program, each part followed by its sum."""
    spent = dict(watch.spent)
    spent["runner: the rest"] = Spent(seconds - sum(s.seconds for s in spent.values()), 1)
    rows = []
    for part in dict.fromkeys(label.partition(":")[0] for label in spent):
        labels = [label for label in spent if label.partition(":")[0] == part]
        total = sum(spent[label].seconds for label in labels)
        if len(labels) > 1:
            rows.append([f"**{part}**", f"**{total:.2f}**", f"**{total / seconds:.1%}**", "", _us(total / crossings)])
        rows += [
            [label, f"{s.seconds:.2f}", f"{s.seconds / seconds:.1%}", f"{s.calls:,}", _us(s.seconds / crossings)]
            for label in labels
            for s in [spent[label]]
        ]
    head = ["part", "s", "share", "calls", "µs a crossing"]
    title = f"Where the time goes ({seconds:.1f} s of processor time, about {watch.cost_s():.1f} s of it the stopwatch)"
    return vars(Table(title, head, rows))


def _by_segment(watch: Stopwatch) -> dict[str, Any]:
    """What a call costs by itself, whatever the number of crossings in it: least squares over all segments."""
    rows = []
    for label, spent in watch.spent.items():
        if len(spent.samples) > 1:
            fixed, each = per_call(spent.samples)
            size = sum(n for n, _ in spent.samples) / len(spent.samples)
            rows.append([label, f"{spent.calls:,}", text(size), _us(fixed), _us(each), f"{fixed * spent.calls:.2f}"])
    head = ["call", "segments", "crossings each", "µs a segment", "µs a crossing", "s for segments in all"]
    return vars(Table("What one segment (an event-time hour of a block) costs by itself", head, rows))


def _us(seconds: float) -> str:
    return text(seconds * 1e6)
