"""Which crossings are known to be odd, which only look odd, and what did people find? The files beside a log.

`labels`: `crossing_id,label[,episode]`, one line a planted crossing; what is not listed is ordinary. `benign`: the same
columns, hard negatives, label `benign:<kind>`. `episodes`: `episode,label,strength[,vehicle]`. Each is CSV with a
header, or JSON lines with these keys, told apart by the name. `dispositions`: JSON lines, `schemas.models.Disposition`.
`events`: `port,what,closed_from,closed_until`, what happened to ports.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.errors import ConfigError
from schemas.models import Disposition

BENIGN = "benign:"


class Label(NamedTuple):
    """One line of a label file; `episode` is the crossing's own id where none is given: a story of one crossing."""

    crossing_id: str
    label: str
    episode: str


class Event(NamedTuple):
    """What happened to a port, at one moment (ms since 1970): `closure`, `reopening`, `bridge`."""

    port: str
    what: str
    at_ms: int


@dataclass(frozen=True)
class Truth:
    """Everything that is known of a log beside the crossings themselves."""

    labels: list[Label]
    benign: list[Label]  # label without its prefix
    strength: dict[str, float]  # episode -> 0 (subtle) .. 1 (plain)
    dispositions: list[Disposition]
    events: list[Event]


def read_truth(labels: Path, benign: Path | None, episodes: Path | None, dispositions: Path | None) -> Truth:
    """Read the files; those that are not named are looked for beside the labels. ConfigError says what is wrong."""
    benign = benign or _beside(labels, "benign")
    episodes = episodes or _beside(labels, "episodes")
    truth = Truth(
        labels=list(_labels(labels)),
        benign=[row._replace(label=row.label.removeprefix(BENIGN)) for row in _labels(benign)] if benign else [],
        strength=_strengths(episodes) if episodes else {},
        dispositions=read_dispositions(dispositions) if dispositions else [],
        events=list(_events(events)) if (events := _beside(labels, "events")) else [],
    )
    if not truth.labels:
        raise ConfigError(f"{labels} holds no labels: `crossing_id,label` lines are required, one a planted crossing.")
    return truth


def _beside(labels: Path, name: str) -> Path | None:
    found = [labels.with_name(f"{name}{end}") for end in (".csv", ".jsonl")]
    return next((path for path in found if path.is_file() and path != labels), None)


def _labels(path: Path) -> Iterator[Label]:
    for number, row in _rows(path):
        crossing_id, label = str(row.get("crossing_id") or ""), str(row.get("label") or "")
        if not crossing_id or not label:
            raise ConfigError(f"{path}:{number}: `crossing_id` and `label` are required; got {dict(row)}.")
        episode = row.get("episode")
        yield Label(crossing_id, intern(label), crossing_id if episode in {None, ""} else str(episode))


def _strengths(path: Path) -> dict[str, float]:
    found = {}
    for number, row in _rows(path):
        try:
            found[str(row["episode"])] = float(row["strength"])
        except (KeyError, TypeError, ValueError):
            raise ConfigError(
                f"{path}:{number}: `episode` and a numeric `strength` are required; got {dict(row)}."
            ) from None
    return found


def _events(path: Path) -> Iterator[Event]:
    """`port,what,closed_from,closed_until`: a closure begins and ends, a new bridge only opens."""
    for number, row in _rows(path):
        try:
            begun, ended = str(row["closed_from"] or ""), str(row["closed_until"] or "")
            port, bridge = str(row["port"]), row["what"] == "bridge"
            if begun:
                yield Event(port, "closure", _ms(begun))
            if ended:
                yield Event(port, "bridge" if bridge else "reopening", _ms(ended))
        except (KeyError, ValueError):
            raise ConfigError(
                f"{path}:{number}: `port,what,closed_from,closed_until`, times in UTC, are required; got {dict(row)}."
            ) from None


def _ms(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1000)


def read_dispositions(path: Path) -> list[Disposition]:
    """The dispositions of a `.jsonl` file in the order of the file; ConfigError for a line that is none."""
    found = []
    for number, row in _rows(path):
        try:
            found.append(Disposition.model_validate_json(json.dumps(row)))
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise ConfigError(f"{path}:{number}: no disposition, {where}: {first['msg']}.") from None
    return found


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line number, fields) of every row of a CSV file with a header, or of a JSON lines file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix != ".jsonl":
                reader = csv.DictReader(file)
                yield from ((reader.line_num, row) for row in reader)
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise ConfigError(f"{path}:{number}: a JSON object is required.")
                    yield number, row
    except json.JSONDecodeError as problem:
        raise ConfigError(f"{path}: not JSON lines ({problem}). A CSV file needs a name that ends in .csv.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text. Give a CSV file or JSON lines, not compressed.") from None
    except OSError as problem:
        raise ConfigError(f"cannot read {path} ({problem.strerror}). Name a file that exists.") from None
