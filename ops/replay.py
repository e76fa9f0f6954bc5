"""What does `linewatch replay` do? A recorded log through the embedded pipeline, resumable with a state folder."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops.options import PATH, load_settings, setting_options, speed
from ops.progress import MODES, display, say, summary

if TYPE_CHECKING:
    from ops.settings import Settings
    from ops.signals import Stop
    from stream.pipeline import Pipeline
    from stream.runner import Runner
    from stream.sinks import Sink


@dataclass(frozen=True)
class Request:
    """What the command line asked for, settings aside."""

    log: str
    alerts: str | None
    assessments: Path | None
    dispositions: Path | None
    notices: Path | None
    control: Path | None
    state: Path | None
    speed: float | None
    progress: str


@click.command("replay")
@click.argument("log", metavar="LOG")
@click.option("--alerts", metavar="OUT.jsonl", help="Write the alerts here, one JSON object a line; - is the terminal.")
@click.option(
    "--assessments", type=PATH, metavar="OUT.csv|OUT.parquet", help="Write every crossing's score and p-values."
)
@click.option(
    "--dispositions", type=PATH, metavar="D.jsonl", help="What people found; each counts from its own time `at`."
)
@click.option("--notices", type=PATH, metavar="OUT.jsonl", help="Write what is said of readers, ports and detectors.")
@click.option("--control", type=PATH, metavar="OUT.jsonl", help="Write which crossings the random sample drew.")
@click.option(
    "--speed",
    metavar="max|N",
    callback=speed,
    default="max",
    help="max (default), or so many times faster than it happened.",
)
@click.option("--state", type=PATH, metavar="DIR", help="Checkpoint into DIR; the same command goes on from there.")
@click.option(
    "--dead-letter", type=PATH, metavar="FILE", help="Rejected lines. Default: LOG.rejects.jsonl by the alerts."
)
@click.option("--progress", type=click.Choice(MODES), default="auto", help="Bar on a terminal, or lines, or none.")
@setting_options
def replay(
    log: str, dead_letter: Path | None, config: Path | None, flags: tuple[str, ...], ports: str | None, **wanted: Any
) -> int:
    """Run a recorded LOG (.jsonl, .jsonl.gz, .jsonl.zst, or - for standard input) and say what was unusual.

    \b
    Examples:
      linewatch replay log.jsonl --alerts alerts.jsonl
      linewatch replay log.jsonl.gz --assessments scores.parquet --set operators=2
      linewatch replay log.jsonl --alerts a.jsonl --dispositions found.jsonl --notices n.jsonl
      linewatch replay year.jsonl.zst --alerts a.jsonl --state year.state   (again after a crash: goes on)
      zcat log.jsonl.gz | linewatch replay - --alerts - | head

    The same log with the same settings gives the same alerts, byte for byte, however often it was interrupted.
    Lines that cannot be used are written to the dead-letter file with the reason, and the rest goes on.
    With dispositions the summary says how much more is found among alerts than in the random control sample.
    """
    settings = load_settings(config, flags, ports=ports, dead_letter_file=dead_letter).settings
    return _replay(Request(log, **wanted), settings)


def _replay(request: Request, settings: Settings) -> int:
    from ops import wiring
    from ops.signals import stopping
    from stream.checkpoint import StateFolder
    from stream.runner import Policy, Runner

    if request.alerts == wiring.STDIO and request.state is not None:
        raise click.UsageError("--alerts - cannot be resumed; name a file, or leave out --state.")
    named = Path(request.alerts) if request.alerts not in {None, wiring.STDIO} else None
    wanted = (named, request.assessments, request.notices, request.control)
    outputs = [path for path in wanted if path is not None]
    wiring.check_outputs(request.log, outputs)
    if request.dispositions is not None:
        wiring.check_outputs(str(request.dispositions), outputs)
    folder = named.parent if named else Path()
    dead_letter = wiring.build_dead_letter(settings, folder, request.log)

    def make_sinks(pipeline: Pipeline) -> list[Sink]:
        sinks = [wiring.build_alerts(request.alerts)] if request.alerts else []
        if request.assessments:
            sinks.append(wiring.build_assessments(request.assessments, pipeline, request.state))
        return [*sinks, *wiring.build_lists(request.notices, request.control)]

    with ExitStack() as held:
        stop = held.enter_context(stopping())
        source = wiring.build_log(request.log, settings, speed=request.speed)
        held.callback(source.close)
        said = None
        if request.dispositions is not None:
            said = wiring.build_log(str(request.dispositions), settings, speed=None)
            held.callback(said.close)
        state = held.enter_context(closing(StateFolder(request.state))) if request.state else None
        ready = wiring.build_run(
            settings, source, make_sinks, dead_letter, outputs=outputs, state=state, dispositions=said
        )
        show = held.enter_context(display(request.progress, source.size()))
        policy = Policy(settings.checkpoint_every_crossings, speed=request.speed)
        runner = Runner(ready.parts, policy, state=state, identity=ready.identity, stop=stop, progress=show)
        held.callback(runner.close)
        runner.resume(ready.saved)
        return _finish(runner, request, stop, held)


def _finish(runner: Runner, request: Request, stop: Stop, held: ExitStack) -> int:
    """Run, and say how it ended."""
    before, started = runner.tally.lines, time.monotonic()
    try:
        runner.run()
    finally:
        held.pop_all().close()  # the bar goes before the table comes
        if not stop.is_set() and runner.ended:
            text = summary(
                runner.tally, lines_now=runner.tally.lines - before, seconds=time.monotonic() - started,
                reject_file=str(runner.parts.dead_letter.path),
            )  # fmt: skip
            click.echo(text, err=request.alerts == "-")
    if stop.is_set():
        kept = f"the same command goes on from there ({request.state})" if request.state else "without --state: lost"
        say(f"stopped after {runner.tally.lines:,} lines; {kept}")
    return stop.exit_code()
