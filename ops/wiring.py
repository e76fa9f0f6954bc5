"""Where are the objects built? Here, from the settings, and nowhere else."""

from __future__ import annotations

import datetime as dt
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ops.settings import Settings
from schemas.codec import Codec
from schemas.errors import ConfigError
from schemas.plates import KEY_VARIABLE, Pseudonymiser, load_key
from schemas.ports import Ports
from stream.checkpoint import Saved, StateFolder
from stream.runner import Parts, Policy
from stream.sinks import AlertFile, AlertStream, ControlFile, DeadLetter, NoticeFile, Sink
from stream.sources import LogSource, Source

if TYPE_CHECKING:
    from contextlib import ExitStack

    from prometheus_client import CollectorRegistry

    from stream.kafka_clients import Connection
    from stream.pipeline import Pipeline
    from stream.topics import Shape

STDIO = "-"


def build_ports(settings: Settings, saved: Saved | None = None) -> Ports:
    """The registry that the settings name, or the one a checkpoint holds (with what was registered since)."""
    if saved is not None:
        return Ports.from_json(saved.ports)
    return Ports.from_setting(settings.ports, default_time_zone=settings.default_time_zone)


def has_key(settings: Settings) -> bool:
    """Whether there is a key for plates already."""
    return KEY_VARIABLE in os.environ or settings.plate_key_file.expanduser().exists()


def build_pseudonymiser(settings: Settings) -> Pseudonymiser:
    """With the key of the environment or the key file, which is made on first use."""
    return Pseudonymiser(load_key(settings.plate_key_file.expanduser()))


def build_codec(
    settings: Settings, ports: Ports, pseudonymiser: Pseudonymiser, *, live: bool = False,
    clock: Callable[[], int] | None = None,
) -> Codec:  # fmt: skip
    """`live`: refuse what lies more than an hour ahead of the `clock`; a recorded log is never compared with it.

    Fills the optional columns that some detector reads. Imports the compiled detectors.
    """
    from detectors.catalogue import DETECTORS

    return Codec(
        ports,
        pseudonymiser,
        earliest_ms=_year_ms(settings.earliest_year),
        latest_ms=_year_ms(settings.latest_year),
        max_line_bytes=settings.max_line_bytes,
        clock=(lambda: time.time_ns() // 1_000_000) if live else clock,
        wanted={column for detector in DETECTORS for column in detector.reads},
    )


def _year_ms(year: int) -> int:
    return int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) * 1000


def build_pipeline(settings: Settings, ports: Ports, *, control_key: bytes = bytes(16)) -> Pipeline:
    """The pipeline of these settings; `control_key` (16 bytes) draws the control sample. Imports the detectors."""
    from detectors.budget import RING
    from detectors.catalogue import DETECTORS
    from stream.config import PipelineConfig, RiverSpec
    from stream.pipeline import Pipeline

    known = [detector.name for detector in DETECTORS]
    for name in settings.detectors:
        if name not in known:
            raise ConfigError(f"setting detectors: {name!r} is none. Known detectors: {', '.join(known)}.")
    if "shift_change" in settings.detectors and not settings.shift_changes:
        raise ConfigError("setting detectors: shift_change asks about the times in shift_changes; set those too")
    if settings.budget_cap_per_hour * settings.operators > RING:
        raise ConfigError(
            f"setting budget_cap_per_hour: times operators it may be {RING} at most, "
            f"got {settings.budget_cap_per_hour} x {settings.operators}; lower one of them"
        )
    config = PipelineConfig(
        lateness_ms=settings.lateness_ms,
        half_life_days=settings.half_life_days,
        budget_per_hour=settings.budget_per_hour,
        budget_cap_per_hour=settings.budget_cap_per_hour,
        operators=settings.operators,
        floor_p=settings.floor_p,
        detectors=settings.detectors,
        river_detectors=tuple(RiverSpec(d.name, d.class_, d.params) for d in settings.river_detectors),
        shift_changes=settings.shift_minutes(),
        control_share=settings.control_share,
        control_key=control_key,
        max_vehicles=settings.max_vehicles,
        forget_after_days=settings.forget_after_days,
        config_id=settings.config_id(),
    )
    return Pipeline(config, ports)


def identity(
    settings: Settings, pipeline: Pipeline, pseudonymiser: Pseudonymiser, outputs: str, dispositions: Source | None
) -> dict[str, str]:
    """What must be the same for a state folder to be gone on with; `outputs` names the files a run writes."""
    return {
        "config": settings.config_id(),
        "detectors": ", ".join(pipeline.detector_names),
        # a pseudonym of no plate: tells two keys apart and gives neither away
        "plate_key": pseudonymiser.pseudonym("which key", "is this"),
        "sinks": outputs,
        "dispositions": "none" if dispositions is None else "given",
    }


class Ready(NamedTuple):
    """Everything for a `Runner`: what it is made of, the checkpoint to go on from, and whose checkpoint that is."""

    parts: Parts
    saved: Saved | None
    identity: dict[str, str]


def build_run(
    settings: Settings, source: Source, make_sinks: Callable[[Pipeline], list[Sink]], dead_letter: DeadLetter,
    *, outputs: Sequence[Path], state: StateFolder | None, dispositions: Source | None = None, live: bool = False,
) -> Ready:  # fmt: skip
    """Build the pipeline and what goes with it; ConfigError when the state folder belongs to another run."""
    saved = state.load() if state else None
    ports = build_ports(settings, saved)
    pseudonymiser = build_pseudonymiser(settings)
    pipeline = build_pipeline(settings, ports, control_key=pseudonymiser.derived("control sample"))
    whose = identity(settings, pipeline, pseudonymiser, ", ".join(path.name for path in outputs), dispositions)
    if state is not None and saved is not None:
        state.check(saved, whose)
    codec = build_codec(settings, ports, pseudonymiser, live=live)
    parts = Parts(source, codec, pipeline, ports, make_sinks(pipeline), dead_letter, dispositions)
    return Ready(parts, saved, whose)


def build_log(log: str, settings: Settings, *, speed: float | None) -> LogSource:
    """A recorded log, or standard input for `-`. Slow replays take few lines at a time, so that they run evenly."""
    lines = settings.batch_lines if speed is None else max(1, min(settings.batch_lines, int(speed)))
    if log == STDIO:
        return LogSource(sys.stdin.buffer, name="standard input", batch_lines=lines)
    return LogSource(Path(log), batch_lines=lines)


def build_pipe(settings: Settings, *, stop: threading.Event) -> Source:
    """Standard input as it comes."""
    from stream.pipe import PipeSource

    poll_s = settings.follow_poll_ms / 1000
    return PipeSource(sys.stdin.fileno(), stop=stop, poll_s=poll_s, batch_lines=settings.batch_lines)


def build_follow(
    path: Path, settings: Settings, *, stop: threading.Event, notice: Callable[[str], None], poll_s: float | None = None
) -> Source:
    """A log that another program is writing, looked at again after `poll_s`; None: as the settings say."""
    from stream.follow import FollowSource

    poll_s = settings.follow_poll_ms / 1000 if poll_s is None else poll_s
    return FollowSource(path, stop=stop, poll_s=poll_s, batch_lines=settings.batch_lines, notice=notice)


def build_alerts(target: str) -> Sink:
    """An alert file, or standard output for `-`."""
    return AlertStream(sys.stdout.buffer) if target == STDIO else AlertFile(Path(target))


def build_assessments(target: Path, pipeline: Pipeline, state: Path | None) -> Sink:
    """A `.csv` or `.parquet` table, told by the name; ConfigError for another one."""
    from stream.tables import AssessmentCsv, AssessmentParquet, Columns

    columns = Columns(pipeline.detector_names, pipeline.evidence_names)
    if target.suffix == ".csv":
        return AssessmentCsv(target, columns)
    if target.suffix == ".parquet":
        parts = target.with_name(f".{target.name}.parts") if state is None else state / "assessments"
        return AssessmentParquet(target, columns, parts, keep=state is not None)
    raise ConfigError(f"--assessments {target}: the name must end in .csv or .parquet.")


def build_lists(notices: Path | None, control: Path | None) -> list[Sink]:
    """The files of notices and of the control sample, those that are wanted."""
    sinks: list[Sink] = [] if notices is None else [NoticeFile(notices)]
    return sinks if control is None else [*sinks, ControlFile(control)]


def build_dead_letter(settings: Settings, folder: Path, log: str) -> DeadLetter:
    """The file of the settings, else `<log>.rejects.jsonl` in `folder`."""
    name = "stdin" if log == STDIO else Path(log).name
    return DeadLetter(settings.dead_letter_file or folder / f"{name}.rejects.jsonl")


def check_outputs(log: str, outputs: Sequence[Path]) -> None:
    """ConfigError when an output would overwrite the log or another output, or its folder is not there."""
    seen: dict[Path, Path] = {} if log == STDIO else {Path(log).resolve(): Path(log)}
    for path in outputs:
        if path.resolve() in seen:
            raise ConfigError(f"{path} is named twice, as input and output or as two outputs. Name another file.")
        seen[path.resolve()] = path
        if path.is_dir():
            raise ConfigError(f"cannot write {path}: it is a folder. Name a file in it.")
        if not path.parent.is_dir():
            raise ConfigError(f"cannot write {path}: the folder {path.parent} is not there. Make it, or name another.")


def build_connection(settings: Settings) -> Connection:
    """Where the Kafka brokers are and how one is let in; ConfigError for what cannot work."""
    try:
        from stream.kafka_clients import Connection
    except ModuleNotFoundError as problem:
        raise ConfigError(
            f"Kafka needs {problem.name}, which is not installed: pip install 'linewatch[kafka]'"
        ) from None

    return Connection(
        tuple(address.strip() for address in settings.kafka_bootstrap.split(",") if address.strip()),
        security=settings.kafka_security,
        ca_file=None if settings.kafka_ca_file is None else settings.kafka_ca_file.expanduser(),
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value(),
    )


def build_shape(settings: Settings) -> Shape:
    """What topics are made with."""
    from stream.topics import Shape

    return Shape(
        settings.kafka_partitions,
        settings.kafka_port_partitions,
        settings.kafka_replication,
        settings.kafka_retention_hours,
    )


def serve_metrics(settings: Settings, exposed: CollectorRegistry, held: ExitStack) -> str:
    """Serve `/metrics` on a port of its own until `held` ends; its address."""
    from ops.metrics import MetricsServer

    server = MetricsServer(exposed, settings.metrics_host, settings.metrics_port)
    held.callback(server.close)
    return server.address


def live_policy(settings: Settings) -> Policy:
    """Of a live service: checkpoints by the clock, what waits is released when nothing comes."""
    return Policy(
        checkpoint_every_crossings=settings.checkpoint_every_crossings,
        checkpoint_every_s=settings.checkpoint_every_s,
        idle_flush_s=settings.lateness_ms / 1000,
    )
