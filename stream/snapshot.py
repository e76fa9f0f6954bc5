"""How is the whole state of a pipeline written down and read again? As arrays and one JSON file, never pickles.

The table of vehicles is the large part. A save after a save writes only the rows that changed since (`rows-N.npy`,
`slots-N.npy`) and hard-links the earlier parts; when the changes outweigh half of the table, or rows have moved, it
writes a new base. Loading applies the parts in order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.batch import COLUMN_NAMES, TEXT_COLUMNS, CrossingBatch, dtype_of
from schemas.errors import ConfigError
from stream.assessment import Assessment
from stream.reorder import Reorder
from stream.shared import SharedCounts
from stream.state import StateTable

if TYPE_CHECKING:
    from stream.pipeline import Pipeline

STATE = "pipeline.json"
ABSENT = "\x00"  # stands for None among texts; the codec refuses control characters


def save(pipeline: Pipeline, folder: Path, previous: Path | None) -> None:
    """Write everything into the empty `folder`."""
    tables = {
        "vehicles": _save_table(pipeline.vehicles.table, folder, previous, "vehicles"),
        "ports": _save_table(pipeline.at_ports.table, folder, previous, "ports"),
    }
    for name, table in _shared(pipeline).items():
        np.savez(folder / f"shared-{name}.npz", **table.save())  # type: ignore[arg-type]
    np.savez(folder / "waiting.npz", **_waiting(pipeline.reorder))  # type: ignore[arg-type]
    state = {
        "tables": tables,
        "ports": pipeline.ports.to_json(),
        "periods": [pipeline.vehicles.bank.period, pipeline.at_ports.bank.period],
        "counters": [pipeline.accepted, pipeline.vehicles.duplicates, pipeline.at_ports.late, pipeline.alerts],
        "errors": pipeline.errors,
    }
    (folder / STATE).write_text(json.dumps(state, sort_keys=True))


def load(pipeline: Pipeline, folder: Path) -> None:
    """Read what `save` wrote; the pipeline has the same configuration."""
    state = json.loads((folder / STATE).read_text())
    _register(pipeline, [port["code"] for port in state["ports"]["ports"]])
    _load_table(pipeline.vehicles.table, folder, state["tables"]["vehicles"])
    _load_table(pipeline.at_ports.table, folder, state["tables"]["ports"])
    for name, table in _shared(pipeline).items():
        with np.load(folder / f"shared-{name}.npz") as arrays:
            table.load(dict(arrays))
    pipeline.at_ports.calibrator.prepare_all()
    with np.load(folder / "waiting.npz") as arrays:
        _restore_waiting(pipeline.reorder, dict(arrays))
    pipeline.vehicles.bank.period, pipeline.at_ports.bank.period = state["periods"]
    pipeline.accepted, pipeline.vehicles.duplicates, pipeline.at_ports.late, pipeline.alerts = state["counters"]
    pipeline.errors = state["errors"]


def _register(pipeline: Pipeline, codes: list[str]) -> None:
    """Give every port the number it had: rows of the state name ports by number."""
    if [pipeline.ports.code_of(code) for code in codes] != list(range(len(codes))):
        raise ConfigError(
            "ports: the registry differs from the one the saved state was made with; use the same registry file, or another state folder"
        )


def _shared(pipeline: Pipeline) -> dict[str, SharedCounts]:
    """Every shared table by a name for its file."""
    banks = (pipeline.vehicles.bank, pipeline.at_ports.bank)
    named = {f"{name}-{k}": table for bank in banks for name, tables in bank.shared.items() for k, table in enumerate(tables)}
    return named | {"calibration": pipeline.at_ports.calibrator.counts}


def _save_table(table: StateTable, folder: Path, previous: Path | None, name: str) -> dict[str, Any]:
    """Write a base or the changes; returns what `_load_table` needs."""
    parts: list[int] = []
    if previous is not None and not table.compacted:
        parts = json.loads((previous / STATE).read_text())["tables"][name]["parts"]
    index, rows = table.changed()
    if sum(parts) + len(index) > 1.5 * len(table):
        parts = []
    if not parts:
        index, rows = np.arange(len(table)), table.rows[: len(table)]
    for number in range(len(parts)):
        for kind in ("rows", "slots"):
            file = f"{name}-{kind}-{number}.npy"
            os.link(previous / file, folder / file)  # type: ignore[operator]
    np.save(folder / f"{name}-rows-{len(parts)}.npy", rows, allow_pickle=False)
    np.save(folder / f"{name}-slots-{len(parts)}.npy", index, allow_pickle=False)
    table.mark_clean()
    return {"name": name, "used": len(table), "newest_ms": table.newest_ms, "parts": [*parts, len(index)],
            "evicted": [table.evicted, table.evicted_early]}  # fmt: skip


def _load_table(table: StateTable, folder: Path, about: Mapping[str, Any]) -> None:
    def part(kind: str, number: int) -> Any:
        return np.load(folder / f"{about['name']}-{kind}-{number}.npy", mmap_mode="r", allow_pickle=False)

    table.restore(about["used"], [(part("slots", k), part("rows", k)) for k in range(len(about["parts"]))])
    table.newest_ms = about["newest_ms"]
    table.evicted, table.evicted_early = about["evicted"]


def _waiting(reorder: Reorder) -> dict[str, Any]:
    arrays: dict[str, Any] = {"newest": reorder.newest, "arrivals": np.array([reorder.arrivals])}
    waiting = reorder.waiting()
    if waiting is not None:
        rows, arrays["at_ms"], arrays["arrival"] = waiting
        for name, column in rows.batch.columns():
            text = name in TEXT_COLUMNS
            arrays[f"batch.{name}"] = np.array([ABSENT if t is None else t for t in column]) if text else column
        for name in ("fresh", "p", "llr", "evidence"):
            arrays[f"rows.{name}"] = getattr(rows, name)
    return arrays


def _restore_waiting(reorder: Reorder, arrays: dict[str, Any]) -> None:
    waiting = None
    if "at_ms" in arrays:
        columns = {name: arrays[f"batch.{name}"].astype(dtype_of(name)) for name in COLUMN_NAMES}
        jurisdiction = columns["plate_jurisdiction"]
        jurisdiction[jurisdiction == ABSENT] = None
        batch = CrossingBatch(**columns)
        rows = Assessment(batch, *(arrays[f"rows.{name}"] for name in ("fresh", "p", "llr", "evidence")))
        waiting = (rows, arrays["at_ms"], arrays["arrival"])
    reorder.restore(arrays["newest"], int(arrays["arrivals"][0]), waiting)
