"""Does an import account for every row, whatever the file holds?"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ops.import_log import import_files
from ops.import_sort import Sorter
from ops.mapping import ImportMap
from schemas.errors import ConfigError, LinewatchError
from tests.ops.import_helpers import HEADER, MAP, row, run


def test_a_row_becomes_a_crossing_with_its_fields_in_the_order_of_the_contract(tmp_path: Path) -> None:
    """Times are written in UTC with milliseconds."""
    _, log, _ = run(tmp_path, HEADER + row(1, at="2024-05-01T12:00:00.1239+02:00"))
    expected = {
        "crossing_id": "c1", "occurred_at": "2024-05-01T10:00:00.123Z", "port": "2504", "lane": "7",
        "direction": "inbound", "vehicle": "v1",
    }  # fmt: skip
    assert list(log[0].items()) == list(expected.items())


def test_read_is_written_plus_refused_and_refusals_say_line_reason_and_row(tmp_path: Path) -> None:
    """Nothing is dropped in silence."""
    source = HEADER + row(1) + "c2,2504,7,v2,yesterday\n" + "c3,,7,v3,2024-05-01T10:00:00Z\n" + "c4,x\n" + row(5)
    summary, log, dead = run(tmp_path, source)
    assert (summary.rows, summary.written, summary.rejected) == (5, 2, 3)
    assert ["c1", "c5"] == [crossing["crossing_id"] for crossing in log]
    assert [(3, "bad_time"), (4, "missing_field"), (5, "csv")] == [(r["line"], r["reason"]) for r in dead]
    assert dead[0]["row"] == {"id": "c2", "site": "2504", "gate": "7", "tag": "v2", "at": "yesterday"}
    assert dead[2]["detail"] == "2 cells where the header has 5"


def test_line_numbers_count_lines_of_the_file_not_records(tmp_path: Path) -> None:
    """A quoted cell may hold newlines, and blank lines are no records."""
    source = HEADER + 'c1,"25\n04\n",7,v1,2024-05-01T10:00:00Z\n\n' + "c2,2504,7,v2,no\n"
    _, _, dead = run(tmp_path, source + row(3))
    assert (6, "bad_time") in [(r["line"], r["reason"]) for r in dead]


def test_a_quote_that_is_never_closed_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    """An open quote eats at most the longest cell allowed, and the refusal says which lines."""
    filler = "".join(row(n) for n in range(10, 5_000))
    summary, log, dead = run(tmp_path, HEADER + row(1) + 'c2,"2504,7,v2,2024-05-01T10:00:00Z\n' + filler)
    assert (1, "csv") == (summary.rejected, dead[0]["reason"])
    assert dead[0]["detail"].startswith("field larger than field limit (131072) (lines 3 to ")
    assert log[-1]["crossing_id"] == "c4999"


@pytest.mark.parametrize("memory", [1, 300, 5_000])
def test_a_sort_on_disk_equals_the_sort_in_memory(tmp_path: Path, memory: int) -> None:
    """Down to one line a run, over several rounds of merging; equal times keep the order of the source."""
    rng, start = random.Random(5), datetime(2024, 5, 1, tzinfo=UTC)
    times = [(start + timedelta(seconds=rng.randrange(40))).isoformat() for _ in range(300)]
    source = HEADER + "".join(row(n, at=at) for n, at in enumerate(times))
    _, expected, _ = run(tmp_path, source)
    _, log, _ = run(tmp_path, source, sort_memory=memory)
    assert expected == log
    assert [f"c{n}" for n, _ in sorted(enumerate(times), key=lambda pair: pair[1])] == [c["crossing_id"] for c in log]
    assert {"in.csv", "out.jsonl"} == {path.name for path in tmp_path.iterdir()}


def test_the_sorter_does_go_to_disk_and_cleans_up(tmp_path: Path) -> None:
    """The test above would prove nothing if all fitted in memory."""
    with Sorter(tmp_path, 1) as sorter:
        for number in range(200):
            sorter.add(-number, b"%d" % number)
        assert sorter.runs == 200
        assert [b"%d" % n for n in reversed(range(200))] == list(sorter)
    assert list(tmp_path.iterdir()) == []


def test_no_sort_keeps_the_order_of_the_source(tmp_path: Path) -> None:
    """For a source whose order is wanted."""
    source = HEADER + row(2, at="2024-05-02T00:00:00Z") + row(1)
    assert ["c2", "c1"] == [c["crossing_id"] for c in run(tmp_path, source, sort=False)[1]]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"])
def test_the_same_import_gives_the_same_bytes_packed_or_not(tmp_path: Path, name: str) -> None:
    """No date or file name hides in the packed file."""
    source, m = tmp_path / "in.csv", ImportMap.model_validate(MAP)
    source.write_text(HEADER + row(1) + row(2), encoding="utf-8")
    written = []
    for out in (tmp_path / name, tmp_path / f"again-{name}"):
        import_files([source], m, out)
        written.append(out.read_bytes())
    assert written[0] == written[1]
    ours = {"format": "jsonl", "columns": {f: f for f in MAP["columns"]}, "time": {"column": "occurred_at"}}
    back = import_files([tmp_path / name], ImportMap.model_validate(MAP | ours), tmp_path / "back.jsonl")
    assert (2, 0) == (back.written, back.rejected)


def test_packed_sources_and_other_dialects_give_the_same_log(tmp_path: Path) -> None:
    """Packing is told by the first bytes; delimiter, header, encoding and byte order mark by the map or the file."""
    plain = HEADER + row(1) + row(2)
    _, expected, _ = run(tmp_path, plain)
    sources: list[tuple[bytes, dict[str, Any]]] = [
        (gzip.compress(plain.encode()), {}),
        (zstandard.compress(plain.encode()) + zstandard.compress(row(3).encode()), {}),
        (plain.encode("utf-8-sig"), {}),
        (plain.replace("\n", "\r\n").encode(), {}),
        (plain.replace(",", "\t").encode("utf-16"), {"delimiter": "\t", "encoding": "utf-16"}),
        (plain.removeprefix(HEADER).encode(), {"header": False, "names": HEADER.strip().split(",")}),
    ]
    for source, keys in sources:
        assert expected == run(tmp_path, source, keys=keys)[1][:2]


def test_parquet_rows_of_every_type_become_crossings(tmp_path: Path) -> None:
    """Timestamps with or without a zone, numbers and nulls."""
    at = datetime(2024, 5, 1, 10, tzinfo=UTC)
    table = pa.table(
        {"id": [1, 2, 3], "site": ["a", "b", None], "gate": [1, 2, 3], "tag": ["x", "y", "z"], "at": [at] * 3}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    summary, log, dead = run(tmp_path, buffer.getvalue(), keys={"format": "parquet"})
    assert (3, 2) == (summary.rows, summary.written)
    assert ("1", "2024-05-01T10:00:00.000Z") == (log[0]["crossing_id"], log[0]["occurred_at"])
    assert (3, "missing_field") == (dead[0]["line"], dead[0]["reason"])


def test_json_lines_are_flattened_and_broken_ones_refused(tmp_path: Path) -> None:
    """Nested objects by dots, Genetec's Key/Value lists by key."""
    keys = {"format": "jsonl", "columns": MAP["columns"] | {"port": "where.site", "lane": "more.Gate Name"}}
    good = {
        "id": "c1",
        "tag": "v",
        "at": "2024-05-01T10:00:00Z",
        "where": {"site": 2504},
        "more": [{"Key": "Gate Name", "Value": 7}],
    }
    source = json.dumps(good) + '\n{"id": "c2"\n[1]\n\n' + "[" * 100_000 + "\n" + json.dumps(good | {"tag": "\ud800"})
    _, log, dead = run(tmp_path, source, keys=keys)
    assert ("2504", "7") == (log[0]["port"], log[0]["lane"])
    assert [(2, "json"), (3, "json"), (5, "json"), (6, "not_utf8")] == [(r["line"], r["reason"]) for r in dead]


def test_bytes_that_are_not_text_refuse_their_row_only(tmp_path: Path) -> None:
    """A latin-1 name in a UTF-8 file."""
    source = (HEADER + row(1)).encode() + "c2,Montréal,7,v2,2024-05-01T10:00:00Z\n".encode("latin-1") + row(3).encode()
    summary, _, dead = run(tmp_path, source)
    assert (2, 3, "not_utf8") == (summary.written, dead[0]["line"], dead[0]["reason"])


@pytest.mark.parametrize(
    ("source", "keys", "says"),
    [
        (b"", {}, "is empty"),
        (bytes(range(256)) * 40, {}, "has no column 'id'|no header line could be read"),
        (b"a,b\n1,2\n", {}, "columns.crossing_id: .* has no column 'id'. It has 'a', 'b'"),
        (b"id,id,site,gate,tag,at\n", {}, "has 'id' more than once"),
        (b"\x1f\x8bjunk", {}, "packed data is broken or cut short"),
        (gzip.compress(HEADER.encode() * 500, mtime=0)[:-30], {}, "packed data is broken or cut short"),
        (b"junk", {"format": "parquet"}, "is not a Parquet file"),
        (b"id,site", {"encoding": "utf-16"}, "set `encoding:` in the map"),
        ((HEADER + row(1, at="no") * 2).encode(), {}, "all 2 passages were refused.*Line 2: bad_time"),
    ],
)
def test_a_file_that_does_not_fit_is_one_clear_line_and_leaves_nothing(
    tmp_path: Path, source: bytes, keys: dict[str, Any], says: str
) -> None:
    """An older log of the same name stays as it was."""
    (tmp_path / "out.jsonl").write_bytes(b"older")
    with pytest.raises(LinewatchError, match=says) as error:
        run(tmp_path, source, keys=keys)
    assert "\n" not in str(error.value)
    assert {"in.csv", "out.jsonl"} == {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "out.jsonl").read_bytes() == b"older"


def test_a_source_is_never_overwritten(tmp_path: Path) -> None:
    """`--out` of the same name as the source."""
    path = tmp_path / "in.csv"
    path.write_text(HEADER + row(1), encoding="utf-8")
    with pytest.raises(ConfigError, match="would be overwritten"):
        import_files([path], ImportMap.model_validate(MAP), tmp_path / "." / "in.csv")


def test_every_line_of_a_csv_writer_comes_back(tmp_path: Path) -> None:
    """Quotes, delimiters and newlines in cells, as the csv module writes them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", "site", "gate", "tag", "at"])
    names = ["a,b", 'say "x"', "tab here"]
    writer.writerows([[f"c{n}", "1", name, "v", "2024-05-01T10:00:00Z"] for n, name in enumerate(names)])
    assert names == [crossing["lane"] for crossing in run(tmp_path, buffer.getvalue())[1]]
