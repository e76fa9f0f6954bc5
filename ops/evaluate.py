"""What does `linewatch evaluate` do? A labelled log through pipeline and baselines: a report, and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ops.options import PATH, load_settings, setting_options
from ops.progress import MODES, display, say
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from evaluation.assemble import Show
    from evaluation.results import Results
    from evaluation.scores import ScoreSink
    from ops.settings import Settings
    from stream.pipeline import Pipeline
    from stream.sinks import Sink


class Request(NamedTuple):
    """What the command line asked for, settings aside."""

    log: str
    labels: Path
    out: Path
    benign: Path | None
    episodes: Path | None
    dispositions: Path | None
    baseline: tuple[str, ...]
    floors: Path | None
    warm_up: float
    split: float
    progress: str


@click.command("evaluate")
@click.argument("log", metavar="LOG")
@click.option("--labels", type=PATH, required=True, metavar="L", help="crossing_id,label[,episode], CSV or JSON lines.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for report.html and metrics.json.")
@click.option("--benign", type=PATH, metavar="B", help="Hard negatives. Default: benign.csv beside the labels.")
@click.option("--episodes", type=PATH, metavar="E", help="Strengths. Default: episodes.csv beside the labels.")
@click.option("--dispositions", type=PATH, metavar="D", help="What people found: learnt from, and lift over chance.")
@click.option("--baseline", multiple=True, metavar="NAME", help="Only these; may be repeated; `none` for none.")
@click.option(
    "--floors", type=PATH, metavar="F", help="TOML table of floors; ends with 1 when a figure is below its own."
)
@click.option(
    "--warm-up", type=click.FloatRange(0, 1), default=0.17, show_default=True, help="Share of time not looked at."
)
@click.option(
    "--split", type=click.FloatRange(0, 1), default=0.35, show_default=True,
    help="Share of time after which crossings are scored; thresholds come from between the two.",
)  # fmt: skip
@click.option("--progress", type=click.Choice(MODES), default="auto", help="Bar on a terminal, or lines, or none.")
@setting_options
def evaluate(config: Path | None, flags: tuple[str, ...], ports: str | None, **wanted: Any) -> int:
    """Measure the detectors on a labelled LOG, beside baselines, and write a report that explains itself.

    \b
    Examples:
      linewatch simulate --days 90 --out border
      linewatch evaluate border/crossings.jsonl --labels border/labels.csv --out report --ports us
      linewatch evaluate log.jsonl.gz --labels L.csv --out r --baseline rules --baseline hst
      linewatch evaluate log.jsonl --labels L.csv --out r --baseline none --floors floors.toml

    The log is replayed through the real pipeline, which scores every crossing before it learns from it. Thresholds are
    chosen on an earlier period than the one that is scored. The same inputs give the same bytes.
    Baselines: random, rules, hst_raw, hst, one_class, xstream, rrcf (docs/evaluation.md says what each is).
    """
    settings = load_settings(config, flags, ports=ports).settings
    return _evaluate(Request(**wanted), settings)


def _evaluate(request: Request, settings: Settings) -> int:
    _check(request)
    from evaluation import assemble, health, quality, results
    from evaluation.baselines.catalogue import choose
    from evaluation.labels import read_truth
    from evaluation.report.page import report
    from ops import wiring

    floors = quality.read_floors(request.floors) if request.floors else []
    baselines, missing = choose(request.baseline)
    for baseline in missing:
        say(f"{baseline.title} is left out: pip install 'linewatch[evaluate]' brings {baseline.library}")
    truth = read_truth(request.labels, request.benign, request.episodes, request.dispositions)
    request.out.mkdir(parents=True, exist_ok=True)
    sink, pipeline = _replay(request, settings, {label.crossing_id for label in truth.labels})
    setup = assemble.Setup(
        log_name="standard input" if request.log == wiring.STDIO else Path(request.log).name,
        port_names=[pipeline.ports.name_of(code) for code in range(len(pipeline.ports))],
        allowed=health.Allowance(
            settings.budget_per_hour * settings.operators, settings.budget_cap_per_hour * settings.operators
        ),
        config_id=settings.config_id(), warm_up=request.warm_up, split=request.split,
    )  # fmt: skip
    bench = assemble.prepare(sink.scores(), truth, setup)
    with _bars(request.progress) as show:
        found = assemble.assemble(bench, baselines, setup, show)
    (request.out / "metrics.json").write_bytes(results.to_json(found))
    (request.out / "report.html").write_text(report(found, bench, pipeline.ports), encoding="utf-8")
    click.echo(_summary(found, request.out))
    low = quality.below(results.to_json(found), floors)
    for line in low:
        say(line)
    return 1 if low else 0


def _check(request: Request) -> None:
    """ConfigError where the command cannot end well: said before the log is read."""
    from importlib.util import find_spec

    absent = [library for library in ("jinja2", "matplotlib") if find_spec(library) is None]
    if absent:
        raise ConfigError(
            f"the report needs {' and '.join(absent)}: pip install 'linewatch[evaluate]', then try again."
        )
    if request.warm_up >= request.split:
        raise ConfigError(
            f"--warm-up {request.warm_up:g} must be below --split {request.split:g}: thresholds come from between them."
        )


def _replay(request: Request, settings: Settings, named: set[str]) -> tuple[ScoreSink, Pipeline]:
    """The log through the pipeline of these settings, every crossing's answers collected."""
    from evaluation.scores import ScoreSink
    from ops import wiring
    from stream.runner import Policy, Runner

    sinks: list[ScoreSink] = []

    def make_sinks(pipeline: Pipeline) -> list[Sink]:
        sinks.append(ScoreSink(pipeline, named))
        return [sinks[0]]

    with ExitStack() as held:
        source = wiring.build_log(request.log, settings, speed=None)
        held.callback(source.close)
        said = None
        if request.dispositions is not None:
            said = wiring.build_log(str(request.dispositions), settings, speed=None)
            held.callback(said.close)
        dead_letter = wiring.build_dead_letter(settings, request.out, request.log)
        ready = wiring.build_run(settings, source, make_sinks, dead_letter, outputs=[], state=None, dispositions=said)
        show = held.enter_context(display(request.progress, source.size()))
        runner = Runner(ready.parts, Policy(), progress=show)
        held.callback(runner.close)
        runner.resume(None)
        runner.run()
    rejected = sum(runner.tally.rejected.values())
    if rejected:
        say(f"{rejected:,} lines were rejected, see {dead_letter.path}")
    return sinks[0], ready.parts.pipeline


@contextmanager
def _bars(mode: str) -> Iterator[Show]:
    """A bar for each baseline; lines, or nothing where nobody looks."""
    import sys

    if mode == "auto":
        mode = "bar" if sys.stderr.isatty() else "none"
    if mode != "bar":
        yield _say_begin if mode == "lines" else _nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def show(title: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(title, total=total)
            return lambda done: progress.update(task, completed=done)

        yield show


def _say_begin(title: str, total: int) -> Callable[[int], None]:
    say(f"{title}: {total:,} crossings")
    return lambda _: None


def _nothing(_: str, __: int) -> Callable[[int], None]:
    return lambda _: None


def _summary(found: Results, out: Path) -> str:
    """A table for the terminal: each ranking's figures over all labels."""
    head = f"{'':<22}{'avg precision':>14}" + "".join(
        f"{f'{kind} {rate}':>16}" for rate in found.rates for kind in ("events", "episodes")
    )
    rows = []
    for ranking in found.rankings.values():
        at = [ranking.at[rate].found for rate in found.rates]
        shares = [share for one in at for share in (one.events.share, one.episodes.share)]
        rows.append(
            f"{ranking.title:<22}{_number(ranking.average_precision):>14}"
            + "".join(f"{_number(s):>16}" for s in shares)
        )
    return "\n".join([head, *rows, "", f"report   {out / 'report.html'}", f"figures  {out / 'metrics.json'}"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
