"""How is a log run as `linewatch replay` runs it? The objects of ops/wiring.py without the command line."""

from __future__ import annotations

from pathlib import Path

from ops import wiring
from ops.metrics_run import RunFigures
from ops.settings import Settings
from schemas.codec import Codec
from schemas.ports import Ports
from stream.pipeline import Pipeline
from stream.runner import Policy, Runner
from stream.sinks import Sink
from stream.sources import LogSource


def make_runner(log: Path, alerts: Path, figures: RunFigures | None = None) -> Runner:
    """The runner of `linewatch replay LOG --alerts ALERTS`, ready to run; with the metrics of `linewatch run`."""
    settings = Settings()
    source = wiring.build_log(str(log), settings, speed=None)
    dead_letter = wiring.build_dead_letter(settings, alerts.parent, str(log))
    more: list[Sink] = [] if figures is None else [figures]
    ready = wiring.build_run(
        settings, source, lambda _: [wiring.build_alerts(str(alerts)), *more], dead_letter, outputs=[alerts], state=None
    )
    policy = Policy(settings.checkpoint_every_crossings)
    runner = Runner(ready.parts, policy, identity=ready.identity, observer=figures)
    runner.resume(None)
    if figures is not None:
        figures.begin(runner)
    return runner


def make_parts() -> tuple[Codec, Pipeline]:
    """A codec and a pipeline of the default settings, for blocks that are in memory already."""
    settings = Settings()
    ports = Ports.open()
    codec = wiring.build_codec(settings, ports, wiring.build_pseudonymiser(settings))
    return codec, wiring.build_pipeline(settings, ports)


def blocks_of(log: Path) -> list[bytes]:
    """The whole log in memory, cut as the runner gets it."""
    source = LogSource(log)
    try:
        return [block.data for block in source.blocks()]
    finally:
        source.close()
