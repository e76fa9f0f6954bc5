"""Can every sink be cut back to a checkpoint, and does it say so when it cannot be written?"""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ops.configure import load
from ops.wiring import build_assessments, build_codec, build_pipeline, build_ports
from schemas.errors import Reject, Unavailable
from schemas.plates import Pseudonymiser
from stream.pipeline import Decided, Pipeline
from stream.sinks import AlertFile, DeadLetter, Sink
from stream.tables import GROUP_ROWS, AssessmentParquet, Columns
from tests.ops.running import LOOSE_FLAGS, write_log


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, list[Decided]]:
    """What the real pipeline decided on a small border, in parts."""
    settings = load(flags=LOOSE_FLAGS).settings
    ports = build_ports(settings)
    pipeline = build_pipeline(settings, ports)
    codec = build_codec(settings, ports, Pseudonymiser(bytes(32)))
    lines = write_log(tmp_path_factory.mktemp("log") / "log.jsonl").read_bytes().splitlines(keepends=True)
    parts = [pipeline.push(codec.decode(b"".join(lines[n : n + 500])).batch) for n in range(0, len(lines), 500)]
    parts.append(pipeline.flush())
    assert sum(len(part.alerts) for part in parts) > 5
    return pipeline, parts


Make = Callable[[Path, Pipeline], Sink]
SINKS: dict[str, Make] = {
    "alerts.jsonl": lambda folder, _: AlertFile(folder / "alerts.jsonl"),
    "rows.csv": lambda folder, pipeline: build_assessments(folder / "rows.csv", pipeline, None),
    "rows.parquet": lambda folder, pipeline: build_assessments(folder / "rows.parquet", pipeline, folder / "state"),
}


def whole(folder: Path, name: str, run: tuple[Pipeline, list[Decided]]) -> bytes:
    """The file that an uninterrupted run writes."""
    folder.mkdir()
    sink = SINKS[name](folder, run[0])
    sink.truncate(0)
    for part in run[1]:
        sink.write(part)
    sink.finish()
    sink.close()
    return (folder / name).read_bytes()


@pytest.mark.parametrize("name", SINKS)
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_a_sink_cut_back_to_its_position_ends_with_the_same_bytes(
    name: str, taken: int, tmp_path: Path, run: tuple[Pipeline, list[Decided]]
) -> None:
    """Written past a checkpoint, dropped without a goodbye, cut back, written again: not one byte differs."""
    crashed = SINKS[name](tmp_path, run[0])
    crashed.truncate(0)
    for part in run[1][:taken]:
        crashed.write(part)
    position = crashed.position()
    for part in run[1][taken : taken + 3]:
        crashed.write(part)  # never saved: the process is killed here
    again = SINKS[name](tmp_path, run[0])
    again.truncate(position)
    for part in run[1][taken:]:
        again.write(part)
    again.finish()
    again.close()
    assert whole(tmp_path / "whole", name, run) == (tmp_path / name).read_bytes()
    crashed.close()


def test_csv_and_parquet_hold_the_columns_of_the_contract(tmp_path: Path, run: tuple[Pipeline, list[Decided]]) -> None:
    """One row a crossing; a p-value that was not evaluated is empty; both files hold the same."""
    whole(tmp_path / "a", "rows.csv", run)
    whole(tmp_path / "b", "rows.parquet", run)
    with (tmp_path / "a" / "rows.csv").open() as file:
        rows = list(csv.reader(file))
    table = pq.read_table(tmp_path / "b" / "rows.parquet")
    crossings = [part.batch.crossing_id[k] for d in run[1] for part in d.assessed for k in range(len(part.batch))]
    assert ["crossing_id", "score", "p_value", "alerted"] == rows[0][:4]
    assert rows[0] == table.column_names
    assert set(run[0].detector_names) | set(run[0].evidence_names) <= set(rows[0])
    assert crossings == [row[0] for row in rows[1:]] == table["crossing_id"].to_pylist()
    p = np.concatenate([part.p[:, 0] for d in run[1] for part in d.assessed])
    assert ["" if np.isnan(x) else x for x in p] == [float(x[4]) if x[4] else "" for x in rows[1:]]
    assert sum(len(d.alerts) for d in run[1]) == sum(row[3] == "true" for row in rows)


def test_parquet_groups_do_not_depend_on_the_writes(tmp_path: Path, run: tuple[Pipeline, list[Decided]]) -> None:
    """Row groups are filled to their size, whatever the size of the parts."""
    sink = AssessmentParquet(
        tmp_path / "a.parquet", Columns(run[0].detector_names, run[0].evidence_names), tmp_path / "parts", keep=False
    )
    sink.truncate(0)
    rows = 0
    while rows <= GROUP_ROWS:
        for part in run[1]:
            sink.write(part)
            rows += sum(len(a.batch) for a in part.assessed)
        sink.position()
    sink.finish()
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert [GROUP_ROWS, rows - GROUP_ROWS] == [file.metadata.row_group(k).num_rows for k in range(2)]
    assert not (tmp_path / "parts").exists()


def test_a_shortened_output_is_noticed(tmp_path: Path, run: tuple[Pipeline, list[Decided]]) -> None:
    """A file with fewer bytes than the checkpoint says was changed by somebody: no guess, an error."""
    content = whole(tmp_path / "whole", "alerts.jsonl", run)
    sink = AlertFile(tmp_path / "whole" / "alerts.jsonl")
    with pytest.raises(Unavailable, match="was changed"):
        sink.truncate(len(content) + 1)
    sink.close()
    with pytest.raises(Unavailable, match="No such file"):
        AlertFile(tmp_path / "gone.jsonl").truncate(1)


@pytest.mark.parametrize("name", ["alerts.jsonl", "rows.csv"])
def test_an_output_that_vanishes_is_noticed_at_the_next_checkpoint(
    name: str, tmp_path: Path, run: tuple[Pipeline, list[Decided]]
) -> None:
    """Linux lets one write to a deleted file; a checkpoint that says it is safe would be a lie."""
    sink = SINKS[name](tmp_path, run[0])
    sink.truncate(0)
    (tmp_path / name).unlink()
    for part in run[1]:
        sink.write(part)
    with pytest.raises(Unavailable, match="was removed or replaced"):
        sink.position()
    sink.close()


def test_rejects_are_written_with_place_reason_and_what_came(tmp_path: Path) -> None:
    """Text as text, binary as base64; the file is made with the first reject, and an old one does not stay."""
    path = tmp_path / "rejects.jsonl"
    path.write_text("of another run\n")
    sink = DeadLetter(path)
    sink.truncate(0)
    assert not path.exists()
    sink.write([Reject("json", "no object", 3, 120, b"{", 1), Reject("not_utf8", "byte 0", 4, 122, b"\xff\x00", 2)])
    position = sink.position()
    sink.close()
    rows = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [(3, 120, "json", "{"), (4, 122, "not_utf8", None)] == [
        (row["line"], row["offset"], row["reason"], row.get("raw")) for row in rows
    ]
    assert "/wA=" == rows[1]["raw_base64"]
    assert path.stat().st_size == position


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_named_with_what_to_do(run: tuple[Pipeline, list[Decided]]) -> None:
    """The error says which file, why, and what to do."""
    sink = AlertFile(Path("/dev/full"))
    sink.truncate(0)
    part = next(part for part in run[1] if part.alerts)
    with pytest.raises(Unavailable, match=rf"/dev/full: {os.strerror(errno.ENOSPC)}.*free some space"):
        sink.write(part)
    sink.close()
