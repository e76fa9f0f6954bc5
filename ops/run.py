"""What does `linewatch run` do? The embedded live service: a source, the pipeline, the alert database, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ops.console import DISPOSITIONS, watermark_option
from ops.options import PATH, load_settings, setting_options
from ops.progress import MODES, display, say

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from ops.settings import Settings
    from ops.signals import Stop
    from stream.pipeline import Pipeline
    from stream.runner import Runner, Seen
    from stream.sinks import Sink
    from stream.sources import Source

HTTP = "http"


@click.command("run")
@click.option("--source", metavar="FILE|-|http", default=HTTP, show_default=True, help="Where the crossings come from.")
@click.option("--alerts", type=PATH, metavar="OUT.jsonl", help="Append the alerts to this file too.")
@click.option(
    "--dispositions",
    type=PATH,
    metavar="D.jsonl",
    help=f"What people found: a file that others append to. Default: {DISPOSITIONS} in the data folder, where "
    "the console writes.",
)
@click.option("--console", is_flag=True, help="Serve the operator console too (see `linewatch console --help`).")
@watermark_option
@click.option("--notices", type=PATH, metavar="OUT.jsonl", help="Append what is said of readers, ports and detectors.")
@click.option("--control", type=PATH, metavar="OUT.jsonl", help="Append which crossings the random sample drew.")
@click.option(
    "--data", type=PATH, metavar="DIR", help="Alert database, checkpoint, spool; short for --set data_folder=..."
)
@click.option("--progress", type=click.Choice(MODES), default="none", help="Bar, lines or none (default).")
@setting_options
def run(
    source: str, data: Path | None, config: Path | None, flags: tuple[str, ...], ports: str | None, **wanted: Any
) -> int:  # fmt: skip
    """Watch live crossings until it is told to stop, and keep the alerts in a SQLite database.

    \b
    Examples:
      linewatch run --console                         the operator console too, on http://127.0.0.1:8480
      linewatch run                                   POST JSON lines to http://127.0.0.1:8470/crossings
      linewatch run --source reads.jsonl              a file that another program appends to
      reader | linewatch run --source -               a pipe
      curl -H 'Content-Type: application/x-ndjson' --data-binary @log.jsonl http://127.0.0.1:8470/crossings
      zcat log.jsonl.gz | linewatch run --source - --console --watermark REPLAY --data replayed
                                                      a recorded log, looked at in the console until Ctrl-C

    What is decided at the console it learns from.
    SIGTERM and Ctrl-C end it after a checkpoint; the same command goes on from there. What was acknowledged over HTTP
    survives a crash. Other machines can only send when ingest_host and ingest_token are set.
    """
    from ops import log

    settings = load_settings(config, flags, ports=ports, data_folder=data).settings
    log.configure(settings)
    return _run(settings, source, Wanted(**wanted))


class Told(NamedTuple):
    """What the HTTP server tells of the service."""

    health: Mapping[str, object]
    metrics: Callable[[], bytes]


class Wanted(NamedTuple):
    """What the command line asked for beside the source."""

    alerts: Path | None
    dispositions: Path | None
    notices: Path | None
    control: Path | None
    progress: str
    console: bool
    watermark: str | None


def _run(settings: Settings, name: str, wanted: Wanted) -> int:
    from console.store import AlertStore
    from ops import metrics, wiring
    from ops.console import now_ms, opened, serve, to_file
    from ops.metrics_console import ConsoleFigures
    from ops.metrics_run import RunFigures
    from ops.signals import stopping
    from stream.checkpoint import StateFolder
    from stream.runner import Runner

    folder = settings.data_folder
    outputs = [path for path in (wanted.alerts, wanted.notices, wanted.control) if path is not None]
    wiring.check_outputs(wiring.STDIO if name == HTTP else name, outputs)

    def make_sinks(pipeline: Pipeline) -> list[Sink]:
        store = AlertStore(database, pipeline.ports, clock=now_ms, history_days=settings.history_days)
        alerts = [] if wanted.alerts is None else [wiring.build_alerts(str(wanted.alerts))]
        return [store, *alerts, *wiring.build_lists(wanted.notices, wanted.control), figures]

    with ExitStack() as held:
        database = held.enter_context(closing(opened(settings)))
        stop = held.enter_context(stopping())
        state = held.enter_context(closing(StateFolder(folder / "state")))
        decisions = _decisions(folder, wanted)
        health: dict[str, object] = {"status": "starting"}
        figures = RunFigures(settings, lambda: health["status"] == "ok")
        exposed = metrics.registry(["run"], figures.values)
        if wanted.console:
            of_console = ConsoleFigures(database, now_ms)
            serve(settings, database, wanted.watermark, to_file(decisions), held, of_console, word="console")
            exposed = metrics.registry(["run", "console"], of_console.values, figures.values)
        source = _source(settings, name, stop, held, Told(health, lambda: metrics.page(exposed)))
        _serve_metrics(settings, name, exposed, held)
        dead_letter = wiring.build_dead_letter(settings, folder, name)
        said = _dispositions(settings, decisions, stop, held)
        ready = wiring.build_run(
            settings, source, make_sinks, dead_letter, outputs=outputs, state=state, dispositions=said, live=True
        )  # fmt: skip
        show = held.enter_context(display(wanted.progress, None))
        policy = wiring.live_policy(settings)
        runner = Runner(
            ready.parts, policy, state=state, identity=ready.identity, stop=stop, progress=_both(show, health),
            observer=figures,
        )  # fmt: skip
        held.callback(runner.close)
        runner.resume(ready.saved)
        figures.begin(runner)
        health["status"] = "ok"
        say(f"ready: {source.name}, alerts in {database.name}, {runner.tally.lines:,} lines before", "ready",
            source=source.name, database=str(database.name), lines=runner.tally.lines)  # fmt: skip
        return _until_told(runner, wanted, health, stop)


def _until_told(runner: Runner, wanted: Wanted, health: dict[str, object], stop: Stop) -> int:
    """Run to the end; who looks at a recorded log in the console goes on looking after it."""
    try:
        runner.run()
    finally:
        health["status"] = "stopped"
    if wanted.console and wanted.watermark and not stop.is_set():
        say(f"everything was read, {runner.tally.alerts:,} alerts; the console stays until Ctrl-C", "read")
        stop.wait()
    say(f"stopped after {runner.tally.lines:,} lines, {runner.tally.alerts:,} alerts; the same command goes on",
        "stopped", lines=runner.tally.lines, alerts=runner.tally.alerts)  # fmt: skip
    return stop.exit_code(terminated=0)


def _serve_metrics(settings: Settings, name: str, exposed: CollectorRegistry, held: ExitStack) -> None:
    """On a port of their own where there is no ingest, or one is wanted."""
    from ops import wiring

    if name != HTTP or settings.metrics_port:
        address = wiring.serve_metrics(settings, exposed, held)
        say(f"metrics at {address}", "metrics", address=address)


def _both(show: Callable[[Seen], None], health: dict[str, object]) -> Callable[[Seen], None]:
    """Progress for the terminal and for /healthz."""

    def seen(now: Seen) -> None:
        health.update(lines=now.tally.lines, alerts=now.tally.alerts, checkpoints=now.checkpoints)
        show(now)

    return seen


def _source(settings: Settings, name: str, stop: Stop, held: ExitStack, told: Told) -> Source:
    """The source that `--source` names."""
    from ops import wiring

    if name == HTTP:
        return _http(settings, stop, held, told)
    if name == wiring.STDIO:
        return wiring.build_pipe(settings, stop=stop)
    return wiring.build_follow(Path(name), settings, stop=stop, notice=say)


def _decisions(folder: Path, wanted: Wanted) -> Path:
    """The file of what people found; the console's own, made here, where no other is named."""
    if wanted.dispositions is not None:
        return wanted.dispositions
    path = folder / DISPOSITIONS
    path.touch(mode=0o600)
    return path


def _dispositions(settings: Settings, path: Path, stop: Stop, held: ExitStack) -> Source:
    """What people found, as it is appended to a file."""
    from ops import wiring

    said = wiring.build_follow(path, settings, stop=stop, notice=say, poll_s=0.0)
    held.callback(said.close)
    return said


def _http(settings: Settings, stop: Stop, held: ExitStack, told: Told) -> Source:
    """The spool, with the server in front of it."""
    from console.ingest import SERVER, Limits, is_loopback, make_app
    from console.server import ServerThread
    from ops import wiring
    from schemas.errors import ConfigError
    from stream.spool import SpoolSource, SpoolWriter

    token, local = settings.ingest_token.get_secret_value(), is_loopback(settings.ingest_host)
    if not local and not token:
        raise ConfigError(
            f"setting ingest_token is required when ingest_host is {settings.ingest_host}: anybody who reaches it "
            "could send crossings. Set LINEWATCH_INGEST_TOKEN, or serve on 127.0.0.1."
        )
    folder = settings.data_folder / "spool"
    spool = SpoolWriter(folder, segment_bytes=settings.spool_segment_bytes)
    held.callback(spool.close)
    limits = Limits(settings.ingest_max_body_bytes, token, local)
    app = make_app(spool, wiring.build_pseudonymiser(settings), limits, lambda: told.health, told.metrics)
    server = ServerThread(app, settings.ingest_host, settings.ingest_port, name="ingest", options=SERVER)
    held.callback(server.close)
    server.start()
    say(f"listening on {server.address}", "listening", address=server.address)
    return SpoolSource(
        spool, folder, stop=stop, poll_s=settings.follow_poll_ms / 1000, batch_lines=settings.batch_lines
    )
