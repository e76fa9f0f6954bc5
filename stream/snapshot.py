"""How is the whole state of a pipeline written down and read again? As arrays and one JSON file.

Only river's models (of detectors from the configuration, and of what people found) are Python objects; see
`detectors/river_state.py`. What belongs to which stage is in `stream/kept.py`.

The table of vehicles is the large part. A save after a save writes only the rows that changed since (`rows-N.npy`,
`slots-N.npy`) and hard-links the earlier parts; when the changes outweigh half of the table, the parts become many or
rows have moved, it writes a new base. Loading applies the parts in order. Changes count from the last save or load, so
they are written only if `previous` is just that one: after a save that failed half-way the next one is a base again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from schemas.errors import ConfigError
from stream.kept import Kept, keep_ports, keep_vehicles, keep_waiting, restore_ports, restore_vehicles, restore_waiting
from stream.state import StateTable

if TYPE_CHECKING:
    from stream.pipeline import Pipeline

STATE = "pipeline.json"
WAITING = "waiting"
MOST_PARTS = 64  # of a table: then a new base


class Before(NamedTuple):
    """The snapshot before: its folder, and the rows in each part of a table."""

    folder: Path
    parts: list[int]


class _Stream:
    """A file that numpy does not write behind Python's back, which would leave out why a full disk failed (errno)."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def save(pipeline: Pipeline, folder: Path, previous: Path | None) -> None:
    """Write everything into the empty `folder`."""
    before = _tables_before(pipeline, previous)
    pipeline.snapshot += 1
    tables = {name: _save_table(table, folder, before.get(name), name) for name, table in _tables(pipeline).items()}
    kept = keep_vehicles(pipeline.vehicles).plus(keep_ports(pipeline.at_ports, pipeline.layout))
    for name, arrays in (kept.arrays | {WAITING: keep_waiting(pipeline.reorder)}).items():
        np.savez(folder / f"{name}.npz", allow_pickle=False, **arrays)
    state = {
        "snapshot": pipeline.snapshot,
        "tables": tables,
        "ports": pipeline.ports.to_json(),
        "kept": kept.values,
        "arrays": sorted(kept.arrays),
        "blobs": {name: _save_blob(folder / f"{name}.pickle", blob) for name, blob in kept.blobs.items()},
        "counters": [pipeline.accepted, pipeline.alerts],
        "told": pipeline.notices.told,
        "errors": pipeline.errors,
    }
    (folder / STATE).write_text(json.dumps(state, sort_keys=True))


def load(pipeline: Pipeline, folder: Path) -> None:
    """Read what `save` wrote; the pipeline has the same configuration."""
    state = json.loads((folder / STATE).read_text())
    _register(pipeline, [port["code"] for port in state["ports"]["ports"]])
    for name, table in _tables(pipeline).items():
        _load_table(table, folder, name, state["tables"][name])
    arrays = {name: _load_arrays(folder, name) for name in [*state["arrays"], WAITING]}
    blobs = {name: _load_blob(folder / f"{name}.pickle", digest) for name, digest in state["blobs"].items()}
    kept = Kept(arrays, state["kept"], blobs)
    restore_vehicles(pipeline.vehicles, kept)
    restore_ports(pipeline.at_ports, pipeline.layout, kept)
    restore_waiting(pipeline.reorder, arrays[WAITING])
    pipeline.accepted, pipeline.alerts = state["counters"]
    pipeline.notices.told = state["told"]
    pipeline.errors, pipeline.snapshot = state["errors"], state["snapshot"]


def _load_arrays(folder: Path, name: str) -> dict[str, Any]:
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def _register(pipeline: Pipeline, codes: list[str]) -> None:
    """Give every port the number it had: rows of the state name ports by number."""
    try:
        numbers = [pipeline.ports.code_of(code) for code in codes]
    except KeyError:  # a closed registry without that port
        numbers = []
    if numbers != list(range(len(codes))):
        raise ConfigError(
            "ports: the registry differs from the one the saved state was made with; use the same registry file, "
            "or another state folder"
        )


def _tables(pipeline: Pipeline) -> dict[str, StateTable]:
    """The tables of keys by a name for their files."""
    return {"vehicles": pipeline.vehicles.table, "ports": pipeline.at_ports.table}


def _tables_before(pipeline: Pipeline, previous: Path | None) -> dict[str, Before]:
    """What `previous` holds of each table, if the changes since are known."""
    if previous is None:
        return {}
    state = json.loads((previous / STATE).read_text())
    if state["snapshot"] != pipeline.snapshot:
        return {}
    return {name: Before(previous, about["parts"]) for name, about in state["tables"].items()}


def _save_table(table: StateTable, folder: Path, before: Before | None, name: str) -> dict[str, Any]:
    """Write a base or the changes; returns what `_load_table` needs."""
    parts = before.parts if before is not None and not table.compacted else []
    if sum(parts) + table.changes > 1.5 * len(table) or len(parts) >= MOST_PARTS:
        parts = []
    if before is None or not parts:
        index, rows = np.arange(len(table)), table.rows[: len(table)]
    else:
        index, rows = table.changed()
        for number in range(len(parts)):
            for file in _files(name, number):
                os.link(before.folder / file, folder / file)
    for file, array in zip(_files(name, len(parts)), (index, rows), strict=True):
        with (folder / file).open("wb") as out:
            np.save(_Stream(out), array, allow_pickle=False)
    table.mark_clean()
    return {"used": len(table), "parts": [*parts, len(index)], "evicted": [table.evicted, table.evicted_early]}


def _load_table(table: StateTable, folder: Path, name: str, about: Mapping[str, Any]) -> None:
    files = [_files(name, number) for number in range(len(about["parts"]))]
    parts = [[np.load(folder / file, mmap_mode="r", allow_pickle=False) for file in pair] for pair in files]
    table.restore(about["used"], [(index, rows) for index, rows in parts])
    table.evicted, table.evicted_early = about["evicted"]


def _files(name: str, number: int) -> tuple[str, str]:
    """Where slots and rows of a part of a table are."""
    return f"{name}-slots-{number}.npy", f"{name}-rows-{number}.npy"


def _save_blob(path: Path, blob: bytes) -> str:
    """Write river's objects, if there are any; returns the SHA-256 that `_load_blob` wants."""
    if blob:
        path.write_bytes(blob)
    return hashlib.sha256(blob).hexdigest()


def _load_blob(path: Path, digest: str) -> bytes:
    """The bytes that were written; ConfigError where the file was changed."""
    blob = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(blob).hexdigest() != digest:
        raise ConfigError(f"the saved state is damaged: {path} was changed. Name another state folder.")
    return blob
