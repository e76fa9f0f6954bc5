"""How does a row of somebody else's file become a crossing? The model of an import map (YAML).

A map says which column feeds which field of the contract, how times are written and in which zone, and what to do
with plates. `docs/import.md` explains every key; the ready maps are the `.yaml` files in `ops/maps/`. A mistake in a
map is a `ConfigError` that names the key and the closest one known.
"""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ops.import_fields import FIELDS, Text, constant
from ops.template import Template
from schemas.errors import ConfigError

REQUIRED = ("crossing_id", "port", "lane", "direction", "vehicle")
KEEP = "*"  # in a value table: `"*": "*"` leaves values that are not listed as they are


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Time(_Part):
    """When the crossing happened: one column, or several that are joined by a blank (date and time apart)."""

    column: str | list[str]
    format: str = "iso"
    zone: str | None = None
    fold: Literal[0, 1] = 0

    @property
    def columns(self) -> list[str]:
        """The columns that make up the time, in the order they are joined."""
        return [self.column] if isinstance(self.column, str) else list(self.column)


class Plates(_Part):
    """A raw plate: replaced by its pseudonym at once. The jurisdiction is a column, or a constant for all rows."""

    column: str
    jurisdiction: str | None = None
    constant_jurisdiction: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Plates:
        if (self.jurisdiction is None) == (self.constant_jurisdiction is None):
            raise ValueError("give either jurisdiction (a column) or constant_jurisdiction (one value for all rows)")
        return self


class Explode(_Part):
    """A cell with several passages: `110#2016-10-25 06:00:15#10.5;123#…` gives one crossing a piece."""

    column: str
    separator: str = Field(min_length=1)
    part_separator: str = Field(min_length=1)
    names: list[str] = Field(min_length=1)


class ImportMap(_Part):
    """One import map. `read_map` makes it; every key is explained in docs/import.md."""

    about: str = ""
    format: Literal["csv", "jsonl", "parquet"] = "csv"
    delimiter: str = ","
    quote: str | None = '"'
    header: bool = True
    names: list[str] = []
    encoding: str = "utf-8"
    missing: list[Text] = [""]
    columns: dict[str, str] = {}
    constants: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    time: Time
    values: dict[str, dict[Text, Text]] = {}
    scale: dict[str, float] = {}
    templates: dict[str, str] = {}
    plates: Plates | None = None
    hashed: str | None = None
    explode: Explode | None = None

    @field_validator("constants", "defaults")
    @classmethod
    def _typed(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {field: constant(field, value) for field, value in given.items()}

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"{encoding!r} is not known; use for example utf-8, latin-1 or utf-16") from None
        return encoding

    @model_validator(mode="after")
    def _consistent(self) -> ImportMap:
        _check_fields(self)
        _check_sources(self)
        _check_plates(self)
        if self.format == "csv" and len(self.delimiter) != 1:
            raise ValueError(f'delimiter: one character is needed, not {self.delimiter!r} (a tab is "\\t")')
        if self.format == "csv" and not self.header and not self.names:
            raise ValueError("names: the columns must be named here when header is false")
        return self

    def sources(self) -> Iterator[tuple[str, str]]:
        """(key of the map, source column) of every column that the map reads, pieces of `explode` left out."""
        made = set(self.explode.names) if self.explode else set()
        named = [(f"columns.{field}", column) for field, column in self.columns.items()]
        named += [("time.column", column) for column in self.time.columns]
        for field, text in self.templates.items():
            named += [(f"templates.{field}", column) for column in Template(text).columns]
        if self.plates:
            named += [("plates.column", self.plates.column)]
            named += [("plates.jurisdiction", self.plates.jurisdiction)] if self.plates.jurisdiction else []
        if self.hashed:
            named += [("hashed", self.hashed)]
        if self.explode:
            yield "explode.column", self.explode.column
        yield from ((key, column) for key, column in named if column not in made)


def _check_fields(m: ImportMap) -> None:
    for key in ("columns", "constants", "defaults", "values", "scale", "templates"):
        for field in getattr(m, key):
            if field == "occurred_at":
                raise ValueError(f"{key}.occurred_at: say when under `time:`, with its format and zone")
            if field not in FIELDS:
                raise ValueError(f"{key}.{field}: a crossing has no field {field!r}{closest(field, FIELDS)}")
            if key == "templates":
                _check_template(field, m.templates[field])
            if key == "scale" and FIELDS[field] != "number":
                raise ValueError(f"scale.{field}: only a number can be scaled, {field} is {FIELDS[field]}")


def _check_template(field: str, text: str) -> None:
    try:
        Template(text)
    except ValueError as error:
        raise ValueError(f"templates.{field}: {error}") from None


def _check_sources(m: ImportMap) -> None:
    given: dict[str, list[str]] = {}
    for key in ("columns", "constants", "templates"):
        for field in getattr(m, key):
            given.setdefault(field, []).append(key)
    if m.plates:
        given.setdefault("vehicle", []).append("plates")
        given.setdefault("plate_jurisdiction", []).append("plates")
    if m.hashed:
        given.setdefault("vehicle", []).append("hashed")
    for field, keys in given.items():
        if len(keys) > 1:
            raise ValueError(f"{field} is given {len(keys)} times, under {' and '.join(keys)}; keep one")
    for field in REQUIRED:
        if field not in given:
            hint = "plates, hashed or columns.vehicle" if field == "vehicle" else "columns, constants or templates"
            raise ValueError(f"{field} is required in every crossing and the map does not give it; use {hint}")


def _check_plates(m: ImportMap) -> None:
    """A raw plate must not travel under another name: an id made of it could be turned back into the plate."""
    if m.plates is None:
        return
    for key, column in m.sources():
        if column == m.plates.column and key != "plates.column":
            raise ValueError(f"{key}: column {column!r} holds plates and may be read under plates only")


def closest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def list_maps() -> dict[str, str]:
    """Name of every ready map -> the first line of what it says about itself."""
    folder = resources.files("ops") / "maps"
    names = sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))
    return {name: read_map(name).about.strip().splitlines()[0] for name in names}


def read_map(name_or_path: str) -> ImportMap:
    """The map in that file, or the ready map of that name. Raises ConfigError for whatever is wrong with it."""
    text = _map_text(name_or_path)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name_or_path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise ConfigError(
            f"{name_or_path}: a map of keys was required (`columns:`, `time:` …), not {type(data).__name__}"
        )
    try:
        return ImportMap.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{name_or_path}: {_explain(error)}") from None


def _map_text(name_or_path: str) -> str:
    path = Path(name_or_path)
    ready = resources.files("ops") / "maps" / f"{name_or_path}.yaml"
    try:
        if path.suffix in (".yaml", ".yml") or path.is_file():
            return path.read_text(encoding="utf-8")
        return ready.read_text(encoding="utf-8")
    except FileNotFoundError:
        names = [item.name.removesuffix(".yaml") for item in (resources.files("ops") / "maps").iterdir()]
        raise ConfigError(
            f"--map {name_or_path}: no such file and no ready map of that name{closest(name_or_path, names)} "
            "(see linewatch import --list-maps)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--map {name_or_path} cannot be read: {error}") from None


def _explain(error: ValidationError) -> str:
    problems = error.errors()  # an unknown key first: a slip in a key is why another is absent
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    where = [str(part) for part in first["loc"]]
    key = ".".join(where)
    if first["type"] == "extra_forbidden":
        parts: dict[str, type[BaseModel]] = {"time": Time, "plates": Plates, "explode": Explode}
        model = parts.get(where[0], ImportMap) if len(where) > 1 else ImportMap
        return f"unknown key {key!r}{closest(where[-1], model.model_fields)}"
    if first["type"] == "missing":
        return f"{key}: required and absent"
    message = first["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
