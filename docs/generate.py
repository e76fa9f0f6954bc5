"""Which pages are written by the program itself? Commands, settings, detectors, metrics, files, JSON Schemas, OpenAPI.

`pages()` gives their text; `docs/check.py` compares or writes them. What they are made from is loaded here and
nowhere else; `MissingError` says which part of the program is not there.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from docs import detector_page
from docs.detector_page import described

WIDTH = 100  # of the help texts, whatever the terminal


class MissingError(Exception):
    """A part of the program that the documents describe is not there."""


def load(module: str, name: str) -> Any:
    """An attribute of a module; MissingError says which of the two is not there."""
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as problem:
        raise MissingError(f"{module.replace('.', '/')}.py: `{name}` cannot be loaded ({problem})") from problem


def group() -> click.Group:
    """The command line: the click group in ops/cli.py."""
    load("ops.cli", "main")
    for value in vars(importlib.import_module("ops.cli")).values():
        if isinstance(value, click.Group):
            return value
    raise MissingError("ops/cli.py: has no click group")


def commands() -> Iterator[tuple[click.Command, click.Context]]:
    """Every command that is not hidden, with a context that knows its name, in the order of `linewatch --help`."""
    top = group()
    root = click.Context(
        top, info_name="linewatch", terminal_width=WIDTH, max_content_width=WIDTH, **top.context_settings
    )  # fmt: skip
    for name in top.list_commands(root):
        try:
            command = top.get_command(root, name)
        except (ImportError, AttributeError) as problem:
            raise MissingError(f"ops/cli.py: the command `{name}` cannot be loaded ({problem})") from problem
        if command is not None and not command.hidden:
            yield (
                command,
                click.Context(command, root, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH),
            )


def detectors() -> list[Any]:
    """One of each detector, with its default parameters, in the order of the catalogue."""
    parameters = load("detectors.base", "Parameters")(shift_changes=(0,))  # one of them is only there with a roster
    built: list[Any] = load("detectors.catalogue", "build")(parameters)
    listed = [d.name for d in load("detectors.catalogue", "DETECTORS")]
    if [d.name for d in built] != listed:
        raise MissingError(f"detectors/catalogue.py: `build` made {[d.name for d in built]}, DETECTORS lists {listed}")
    return built


def commands_page() -> str:
    """docs/commands.md: the help text of every command."""
    intro = (
        "Generated from `ops/cli.py` by `make generate`; `make check` fails when it is out of date.\n"
        "Exit codes: 0 done; 1 failed, with one line saying why and what to do; 2 wrong usage."
    )
    parts = ["# Commands", intro]
    for command, context in commands():
        command._help_option = None  # click keeps the one of whoever asked first, who may have had other names for it
        parts += [f"## linewatch {context.info_name}", f"```text\n{command.get_help(context).rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def detectors_page() -> str:
    """docs/detectors.md: the catalogue, tables and then what each detector says of itself."""
    return detector_page.page(detectors(), load("schemas.batch", "OPTIONAL_FIELDS"), load("stream.notices", "Kind"))


ROOMS = ("schemas", "detectors", "stream", "evaluation", "console", "ops", "docs")


def files_page() -> str:
    """docs/files.md: the question of every module, room by room, from the first lines of their docstrings."""
    root = Path(__file__).resolve().parent.parent
    intro = "Made by `make generate` from the files' first lines; [architecture.md](architecture.md) has them by theme."
    parts = ["# Every file", intro]
    for room in ROOMS:
        for folder in sorted({file.parent for file in (root / room).rglob("*.py")}):
            rows = [
                f"| `{file.name}` | {' '.join(words.split(chr(10) * 2)[0].split()).replace('|', '/')} |"
                for file in sorted(folder.glob("*.py"))
                if (words := ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))))
            ]
            parts.append(f"## {folder.relative_to(root)}/\n\n| file | question |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """docs/settings.md: written by the settings themselves."""
    text: str = load("ops.settings_page", "as_markdown")()
    return text


def metrics_page() -> str:
    """docs/metrics.md: written by the catalogue of metrics."""
    text: str = load("ops.metrics_page", "as_markdown")()
    return text


def json_schema(name: str) -> str:
    """schemas/json/<name>.schema.json: written by the models themselves."""
    text: str = load("schemas.generate", "schema_text")(name)
    return text


def dashboard(name: str) -> str:
    """ops/grafana/dashboards/<name>.json: what Grafana shows, written by ops/grafana/<name>.py."""
    text: str = load("ops.grafana.dashboards", "as_json")(name)
    return text


def openapi() -> str:
    """docs/openapi.json: written by the JSON API itself."""
    text: str = load("console.api.app", "document")()
    return text


PAGES: dict[str, Callable[[], str]] = (
    {
        "docs/commands.md": commands_page,
        "docs/detectors.md": detectors_page,
        "docs/files.md": files_page,
        "docs/metrics.md": metrics_page,
        "docs/openapi.json": openapi,
        "docs/settings.md": settings_page,
    }
    | {
        f"schemas/json/{name}.schema.json": partial(json_schema, name)
        for name in ("crossing", "disposition", "alert", "reason", "notice", "control")
    }
    | {f"ops/grafana/dashboards/{name}.json": partial(dashboard, name) for name in ("operations", "detection", "trust")}
)


def stale(root: Path) -> list[str]:
    """One line for each generated page that is missing, out of date or cannot be made."""
    problems = []
    for name, make in PAGES.items():
        file = root / name
        try:
            text = make()
        except MissingError as missing:
            problems.append(f"{name}: {missing}")
            continue
        if not file.exists():
            problems.append(f"{name}: is missing; run `make generate`")
        elif file.read_text(encoding="utf-8") != text:
            problems.append(f"{name}: is out of date; run `make generate`")
    return problems


def unexplained() -> list[str]:
    """One line for each command, option, setting, metric or detector that does not say what it does."""
    problems = []
    for check in (_commands, _settings, _metrics, _detectors):
        try:
            problems += list(check())
        except MissingError as missing:
            problems.append(str(missing))
    return problems


def _commands() -> Iterator[str]:
    for command, context in commands():
        if not command.help:
            yield f"ops/cli.py: `linewatch {context.info_name}` has no help text; write its docstring"
        for option in command.params:
            if isinstance(option, click.Option) and not option.help and not option.hidden:
                yield f"ops/cli.py: `linewatch {context.info_name} {option.opts[-1]}` has no help text; write help=..."


def _settings() -> Iterator[str]:
    for name, field in load("ops.settings", "Settings").model_fields.items():
        if not field.description:
            yield f"ops/settings.py: `{name}` has no help text; write its description"


def _metrics() -> Iterator[str]:
    labels = load("ops.metrics_catalogue", "LABELS")
    for metric in load("ops.metrics_catalogue", "CATALOGUE"):
        if not metric.help:
            yield f"ops/metrics_catalogue.py: `{metric.name}` has no help text; write it"
        for label in metric.labels:
            if label not in labels:
                yield f"ops/metrics_catalogue.py: `{metric.name}` has the label `{label}`; explain it in LABELS"


def _detectors() -> Iterator[str]:
    built = detectors()
    for name in sorted((detector_page.HELD_BACK | set(detector_page.BESIDE)) - {d.name for d in built}):
        yield f"docs/detector_page.py: speaks of `{name}`, which is no detector; correct the name"
    for d in built:
        where = f"detectors/: {d.name}@{d.version}"
        if "\n\n" not in described(d):
            yield f"{where} does not describe its model; write the module's docstring: question, model, source"
        if not detector_page.example(d):
            yield f"{where} shows no sentence; let the docstring of `explain` end with one as an example"
        if not d.source.strip():
            yield f"{where} names no source for its formula; fill in `source`"
