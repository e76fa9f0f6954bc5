"""What is installed and configured, and what is wrong? Versions, settings, key, ports, disk, compiled code."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ops.options import PATH, load_settings, setting_options
from schemas.errors import LinewatchError

if TYPE_CHECKING:
    from ops.settings import Settings

LIBRARIES = (
    "numpy", "numba", "river", "msgspec", "pydantic", "pyarrow", "zstandard", "xxhash", "starlette", "uvicorn",
    "kafka-python", "faust-streaming",
)  # fmt: skip
LEAST_FREE_BYTES = 1_000_000_000


class Finding(NamedTuple):
    """One line of the report; `wrong` says what to do, empty when all is well."""

    about: str
    state: str
    wrong: str = ""


@click.command("doctor")
@click.option("--state", type=PATH, metavar="DIR", help="Look at this state folder too.")
@click.option("--kafka", is_flag=True, help="Ask the Kafka broker too.")
@setting_options
def doctor(state: Path | None, kafka: bool, config: Path | None, flags: tuple[str, ...], ports: str | None) -> int:
    """Say what is installed and configured, where each setting came from, and what is wrong.

    \b
    Examples:
      linewatch doctor
      linewatch doctor --config border.toml --state year.state
      linewatch doctor --kafka

    Ends with 0 when nothing is wrong, else with 1; each problem says what to do.
    """
    findings = list(_installed())
    try:
        settings, origins = load_settings(config, flags, ports=ports)
    except LinewatchError as problem:
        findings.append(Finding("settings", "cannot be used", str(problem)))
    else:
        _print_settings(settings, origins)
        findings += [*_configured(settings), *_places(settings, state), *(_kafka(settings) if kafka else ())]
    for about, text, wrong in findings:
        click.echo(f"{'wrong' if wrong else 'ok':<6} {about:<16} {text}")
        if wrong:
            click.echo(f"       {'':<16} {wrong}")
    problems = sum(bool(found.wrong) for found in findings)
    click.echo(f"\n{problems or 'nothing'} wrong")
    return 1 if problems else 0


def _print_settings(settings: Settings, origins: dict[str, str]) -> None:
    from ops.settings import NAMES, shown

    click.echo(f"{'setting':<28} {'value':<24} from")
    for name in NAMES:
        click.echo(f"{name:<28} {shown(settings, name):<24} {origins[name]}")
    click.echo()


def _installed() -> Iterator[Finding]:
    version_text = platform.python_version()
    old = "" if sys.version_info >= (3, 11) else "3.11 or newer is required; install it"
    yield Finding("python", version_text, old)
    for name in LIBRARIES:
        try:
            yield Finding(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "not installed", "install the requirements again (make venv)")
    import detectors

    cache = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(detectors.__file__).parent / "__pycache__")
    compiled = len(list(cache.rglob("*.nbc"))) if cache.is_dir() else 0
    fix = "" if _writable(cache) else "compiled again at every start: make it writable, or set NUMBA_CACHE_DIR"
    yield Finding("compiled code", f"{compiled} functions in {cache}", fix)


def _configured(settings: Settings) -> Iterator[Finding]:
    from console.ingest import is_loopback
    from ops import wiring

    key = settings.plate_key_file.expanduser()
    given = bool(os.environ.get("LINEWATCH_PLATE_KEY"))
    try:
        if given or key.exists():
            wiring.build_pseudonymiser(settings)
            yield Finding("plate key", "in LINEWATCH_PLATE_KEY" if given else f"{key}, mode 0600")
        else:
            fix = "" if _writable(key.parent) else "cannot be made there: set plate_key_file"
            yield Finding("plate key", f"{key} is made on first use", fix)
        registry = wiring.build_ports(settings)
        yield Finding(
            "ports", "open: registered as they come" if registry.is_open else f"{len(registry)} in {settings.ports}"
        )
        yield Finding("config", settings.config_id())
        pipeline = wiring.build_pipeline(settings, registry)
        yield Finding("detectors", ", ".join(pipeline.detector_names))
    except LinewatchError as problem:
        yield Finding("configuration", "cannot be used", str(problem))
    exposed = not is_loopback(settings.ingest_host) and not settings.ingest_token.get_secret_value()
    fix = "set ingest_token: without one it is only served on loopback" if exposed else ""
    yield Finding("http ingest", f"{settings.ingest_host}:{settings.ingest_port}", fix)


def _kafka(settings: Settings) -> Iterator[Finding]:
    from ops import wiring

    try:
        connection = wiring.build_connection(settings)
        from stream import topic_admin

        yield Finding("kafka", f"{settings.kafka_bootstrap}, {topic_admin.version(connection)}")
        found = topic_admin.look(connection, settings.kafka_topics)
    except LinewatchError as problem:
        yield Finding("kafka", "cannot be used", str(problem))
        return
    problems = topic_admin.problems(settings.kafka_topics, wiring.build_shape(settings), found)
    yield Finding("kafka topics", f"{len(found)} named {settings.kafka_topics}.*", " ".join(problems))


def _places(settings: Settings, state: Path | None) -> Iterator[Finding]:
    places = {"current folder": Path.cwd(), "data folder": settings.data_folder}
    if state is not None:
        places["state folder"] = state
    for about, folder in places.items():
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        free = shutil.disk_usage(there).free
        wrong = "" if _writable(folder) else "cannot be written; name another one or change its rights"
        if not wrong and free < LEAST_FREE_BYTES:
            wrong = "less than 1 GB free: make room"
        yield Finding(about, f"{folder}, {free / 1e9:,.1f} GB free", wrong)
    if state is not None and state.is_dir():
        yield _state(state)


def _state(folder: Path) -> Finding:
    from stream.checkpoint import StateFolder

    try:
        held = StateFolder(folder)
        saved = held.load()
        held.close()
    except LinewatchError as problem:
        return Finding("checkpoint", "cannot be used", str(problem))
    return Finding("checkpoint", f"after {saved.counters['lines']:,} lines" if saved else "none yet")


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


@click.command("version")
def version() -> None:
    """Print the version of Linewatch."""
    click.echo(f"linewatch {importlib.metadata.version('linewatch')}")
