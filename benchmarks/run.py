"""How is a log run as `linewatch replay` runs it? The objects of ops/wiring.py without the command line."""

from __future__ import annotations

from pathlib import Path

from ops import wiring
from ops.settings import Settings
from schemas.codec import Codec
from schemas.ports import Ports
from stream.pipeline import Pipeline
from stream.runner import Policy, Runner
from stream.sources import LogSource


def make_runner(log: Path, alerts: Path) -> Runner:
    """The runner of `linewatch replay LOG --alerts ALERTS`, ready to run."""
    settings = Settings()
    source = wiring.build_log(str(log), settings, speed=None)
    dead_letter = wiring.build_dead_letter(settings, alerts.parent, str(log))
    ready = wiring.build_run(
        settings, source, lambda _: [wiring.build_alerts(str(alerts))], dead_letter, outputs=[alerts], state=None
    )
    runner = Runner(ready.parts, Policy(settings.checkpoint_every_crossings), identity=ready.identity)
    runner.resume(None)
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
