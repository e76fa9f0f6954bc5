"""How is the whole state of a pipeline written down and read again? As arrays and one JSON file.

Only river's models (of detectors from the configuration, and of what people found) are Python objects; see
`detectors/river_state.py`.

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

from detectors.river_adaptor import RiverAdaptor
from schemas.batch import COLUMN_NAMES, TEXT_COLUMNS, CrossingBatch, dtype_of
from schemas.errors import ConfigError
from stream.assessment import Assessment
from stream.feedback import Learnt
from stream.reorder import Reorder
from stream.shared import SharedCounts
from stream.state import StateTable
from stream.watch import Saved as Watched

if TYPE_CHECKING:
    from stream.pipeline import Pipeline

STATE = "pipeline.json"
WATCH = ("flow.pickle", "drift.pickle")
ABSENT = "\x01"  # stands for None among texts; the codec refuses control characters, and numpy drops NULs at the end
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
    for name, shared in _shared(pipeline).items():
        np.savez(folder / f"shared-{name}.npz", allow_pickle=False, **shared.save())
    np.savez(folder / "waiting.npz", allow_pickle=False, **_waiting(pipeline.reorder))
    learnt = pipeline.at_ports.feedback.save()
    np.savez(folder / "feedback.npz", allow_pickle=False, **learnt.arrays)
    watched = pipeline.at_ports.watch.save()
    np.savez(folder / "watch.npz", allow_pickle=False, **watched.arrays)
    state = {
        "snapshot": pipeline.snapshot,
        "tables": tables,
        "river": _save_river(pipeline, folder),
        "ports": pipeline.ports.to_json(),
        "clock": [pipeline.vehicles.clock.newest, pipeline.vehicles.clock.ahead],
        "periods": [pipeline.vehicles.bank.period, pipeline.at_ports.bank.period],
        "counters": [pipeline.accepted, pipeline.vehicles.duplicates, pipeline.at_ports.late, pipeline.alerts],
        "feedback": [learnt.values, _save_blob(folder / "feedback.pickle", learnt.model)],
        "watch": [watched.values, [_save_blob(folder / f, b) for f, b in zip(WATCH, watched.blobs, strict=True)]],
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
    for name, shared in _shared(pipeline).items():
        with np.load(folder / f"shared-{name}.npz", allow_pickle=False) as arrays:
            shared.load(dict(arrays))
    _load_river(pipeline, folder, state["river"])
    pipeline.at_ports.calibrator.prepare_all()
    with np.load(folder / "waiting.npz", allow_pickle=False) as arrays:
        _restore_waiting(pipeline.reorder, dict(arrays))
    pipeline.vehicles.clock.newest, pipeline.vehicles.clock.ahead = state["clock"]
    pipeline.vehicles.bank.period, pipeline.at_ports.bank.period = state["periods"]
    pipeline.accepted, pipeline.vehicles.duplicates, pipeline.at_ports.late, pipeline.alerts = state["counters"]
    values, digest = state["feedback"]
    with np.load(folder / "feedback.npz", allow_pickle=False) as arrays:
        learnt = Learnt(dict(arrays), values, _load_blob(folder / "feedback.pickle", digest))
    pipeline.at_ports.feedback.load(learnt)
    pipeline.at_ports.use_feedback()
    values, digests = state["watch"]
    blobs = [_load_blob(folder / file, digest) for file, digest in zip(WATCH, digests, strict=True)]
    with np.load(folder / "watch.npz", allow_pickle=False) as arrays:
        pipeline.at_ports.watch.load(Watched(dict(arrays), values, (blobs[0], blobs[1])))
    pipeline.notices.told = state["told"]
    pipeline.errors, pipeline.snapshot = state["errors"], state["snapshot"]


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


def _shared(pipeline: Pipeline) -> dict[str, SharedCounts]:
    """Every shared table by a name for its file."""
    banks = (pipeline.vehicles.bank, pipeline.at_ports.bank)
    named = {
        f"{name}-{k}": table for bank in banks for name, tables in bank.shared.items() for k, table in enumerate(tables)
    }
    return named | {"calibration": pipeline.at_ports.calibrator.counts}


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


def _river(pipeline: Pipeline) -> dict[str, RiverAdaptor]:
    """Detectors whose models are Python objects, by the name of their file."""
    return {f"river-{d.name}.pickle": d for d in pipeline.layout.detectors if isinstance(d, RiverAdaptor)}


def _save_river(pipeline: Pipeline, folder: Path) -> dict[str, str]:
    """Write the models; returns the SHA-256 of each file."""
    return {file: _save_blob(folder / file, detector.dump()) for file, detector in _river(pipeline).items()}


def _load_river(pipeline: Pipeline, folder: Path, digests: Mapping[str, str]) -> None:
    """Read the models; ConfigError where a file is not the one that was written."""
    for file, detector in _river(pipeline).items():
        detector.load(_load_blob(folder / file, digests[file]))


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


def _waiting(reorder: Reorder) -> dict[str, Any]:
    arrays: dict[str, Any] = {"newest": reorder.newest}
    rows = reorder.waiting()
    if rows is not None:
        for name, column in rows.batch.columns():
            text = name in TEXT_COLUMNS
            arrays[f"batch.{name}"] = np.array([ABSENT if t is None else t for t in column]) if text else column
        for name in Assessment._fields[1:]:
            arrays[f"rows.{name}"] = getattr(rows, name)
    return arrays


def _restore_waiting(reorder: Reorder, arrays: dict[str, Any]) -> None:
    waiting = None
    if "rows.p" in arrays:
        columns = {name: arrays[f"batch.{name}"].astype(dtype_of(name)) for name in COLUMN_NAMES}
        jurisdiction = columns["plate_jurisdiction"]
        jurisdiction[jurisdiction == ABSENT] = None
        waiting = Assessment(CrossingBatch(**columns), *(arrays[f"rows.{name}"] for name in Assessment._fields[1:]))
    reorder.restore(arrays["newest"], waiting)
