"""What do the import tests share? A small map, rows that fit it, and one way to run an import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ops.import_log import Summary, import_files
from ops.mapping import ImportMap
from schemas.plates import Pseudonymiser

MAP: dict[str, Any] = yaml.safe_load(
    """
columns: {crossing_id: id, port: site, lane: gate, vehicle: tag}
constants: {direction: inbound}
time: {column: at, zone: UTC}
"""
)
HEADER = "id,site,gate,tag,at\n"
PLATES = {
    "columns": {"crossing_id": "id", "port": "site", "lane": "gate"},
    "plates": {"column": "tag", "constant_jurisdiction": "XX"},
}


def run(
    folder: Path, source: bytes | str, *, name: str = "in.csv", keys: dict[str, Any] | None = None, **options: Any
) -> tuple[Summary, list[dict[str, Any]], list[dict[str, Any]]]:
    """Imports a source with the map above, changed by `keys`: the summary, the log and the refusals."""
    path = folder / name
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    out, dead = folder / "out.jsonl", folder / "dead.jsonl"
    m = ImportMap.model_validate(MAP | (keys or {}))
    summary = import_files([path], m, out, pseudonyms=Pseudonymiser(bytes(range(32))), rejects=dead, **options)
    return summary, lines_of(out), lines_of(dead) if dead.exists() else []


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def row(number: int, *, at: str = "2024-05-01T10:00:00Z", tag: str = "v1") -> str:
    """One good row of the map above."""
    return f"c{number},2504,7,{tag},{at}\n"
