"""Is every row of the real data accounted for, and is what was written true?"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ops.import_log import import_files
from ops.mapping import read_map

pytestmark = pytest.mark.data


def crossings(path: Path) -> list[dict[str, Any]]:
    """The log."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.slow
def test_all_93490_seattle_reads_are_imported(shared: Path, tmp_path: Path) -> None:
    """Sorted by time, one port a reader, and every crossing found again on the line its id names."""
    source = shared / "data" / "seattle_plate_reads" / "spd-alpr-pub.csv.gz"
    summary = import_files([source], read_map("seattle"), tmp_path / "log.jsonl")
    assert (93_490, 93_490, 0, 9) == (summary.rows, summary.written, summary.rejected, summary.ports)
    log = crossings(tmp_path / "log.jsonl")
    assert 68_188 == len({crossing["vehicle"] for crossing in log})
    times = [crossing["occurred_at"] for crossing in log]
    assert sorted(times) == times
    lines = gzip.decompress(source.read_bytes()).decode().splitlines()
    for crossing in log[::997]:
        cells = lines[int(crossing["crossing_id"].removeprefix("spd-")) - 1].split("|")
        assert cells[5] == crossing["vehicle"]
        assert cells[2] == crossing["lane"] or (cells[2], crossing["lane"]) == ("NA", "unknown")
        # 1 to 8 October is summer time in Seattle: seven hours behind UTC
        month, day, year, hour = cells[1][:2], cells[1][3:5], cells[1][6:10], int(cells[1][13:15])
        late = hour + 7 >= 24
        expected = f"{year}-{month}-{int(day) + late:02}T{(hour + 7) % 24:02}{cells[1][15:]}.000Z"
        assert expected == crossing["occurred_at"]


@pytest.mark.slow
def test_all_89306_toll_link_passages_are_imported(shared: Path, tmp_path: Path) -> None:
    """12,521 trips in two files, 24 links; the passages of a trip have the trip's vehicle and come in order."""
    folder = shared / "data" / "tollgate_passages"
    sources = sorted(folder.glob("trajectories_table_5_*.csv.gz"))
    summary = import_files(sources, read_map("tollgate_trajectories"), tmp_path / "log.jsonl")
    assert 2 == len(sources)
    assert (12_521, 89_306, 0, 24) == (summary.rows, summary.written, summary.rejected, summary.ports)
    log = crossings(tmp_path / "log.jsonl")
    assert (89_306, 10_724) == (len({c["crossing_id"] for c in log}), len({c["vehicle"] for c in log}))
    trip = [c for c in log if c["crossing_id"].startswith("trajectories_table_5_test2:2.")]
    assert ["110", "123", "107", "108", "120", "117"] == [c["port"] for c in trip]
    assert ("2016-10-24T22:00:15.000Z", "1000775", "2") == (trip[0]["occurred_at"], trip[0]["vehicle"], trip[0]["lane"])
    # 156 passages come with a trip that is in the source a second time
    seen = Counter((c["vehicle"], c["port"], c["occurred_at"]) for c in log)
    assert 156 == sum(count - 1 for count in seen.values())
