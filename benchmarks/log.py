"""Which log is measured on? Generated traffic with a fixed seed, made once and kept in the cache folder."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from benchmarks.machine import ROOT
from evaluation.simulator import generate

SEED = 1
DAYS = 90


def generated_log(
    cache: Path, *, crossings: int, vehicles: int, ports: int, every_field: bool = True, days: int = DAYS
) -> Path:
    """The path of the log; its folder's name holds what it was made from: a changed generator makes a new one.

    With `every_field` all ports report all optional fields (what a truck or a passenger has of them), else none does.
    """
    source = hashlib.sha256()
    for file in sorted((ROOT / "evaluation" / "simulator").glob("*.py")):
        source.update(file.read_bytes())
    fields = "every" if every_field else "core"
    span = "" if days == DAYS else f"{days}d-"
    folder = cache / f"log-{crossings}-{vehicles}-{ports}-{fields}-{span}{source.hexdigest()[:12]}"
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        fixed = {"reported": float(every_field)}
        generate(SEED, days, vehicles, ports, crossings=crossings, fixed=fixed).write(unfinished)
        unfinished.rename(folder)
    return folder / "crossings.jsonl"
