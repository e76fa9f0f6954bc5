"""Are times, words, numbers and plates of a row read as the map says, or refused?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.import_log import import_files
from ops.mapping import ImportMap
from schemas.errors import ConfigError
from schemas.plates import Pseudonymiser
from tests.ops.import_helpers import HEADER, MAP, PLATES, row, run


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("America/Los_Angeles", "2024-03-10 01:59:59", "2024-03-10T09:59:59.000Z"),
        ("America/Los_Angeles", "2024-03-10 02:30:00", None),
        ("America/Los_Angeles", "2024-03-10 03:00:00", "2024-03-10T10:00:00.000Z"),
        ("America/Los_Angeles", "2024-11-03 01:30:00", "2024-11-03T08:30:00.000Z"),
        ("Australia/Lord_Howe", "2024-10-06 02:15:00", None),
        ("Asia/Shanghai", "2016-10-18 00:00:00", "2016-10-17T16:00:00.000Z"),
    ],
)
def test_local_times_follow_the_zone_and_skipped_ones_are_refused(
    tmp_path: Path, zone: str, at: str, expected: str | None
) -> None:
    """02:30 on the day the clocks go forward was on no clock; 01:30 in autumn is taken as the first."""
    keys = {"time": {"column": "at", "format": "%Y-%m-%d %H:%M:%S", "zone": zone}}
    summary, log, dead = run(tmp_path, HEADER + row(1, at="2024-05-01 10:00:00") + row(2, at=at), keys=keys)
    found = {crossing["crossing_id"]: crossing["occurred_at"] for crossing in log}
    assert expected == found.get("c2")
    assert ([] if expected else ["clocks skipped it"]) == [r["detail"][-17:] for r in dead]
    assert summary.ambiguous == (at == "2024-11-03 01:30:00")


def test_fold_1_takes_the_second_of_two_equal_local_times(tmp_path: Path) -> None:
    """The map decides."""
    keys = {"time": {"column": "at", "zone": "America/Los_Angeles", "fold": 1}}
    _, log, _ = run(tmp_path, HEADER + row(1, at="2024-11-03 01:30:00"), keys=keys)
    assert log[0]["occurred_at"] == "2024-11-03T09:30:00.000Z"


@pytest.mark.parametrize(
    ("form", "at", "expected"),
    [
        ("epoch_s", "1714557600.9876", "2024-05-01T10:00:00.987Z"),
        ("epoch_ms", "1714557600987", "2024-05-01T10:00:00.987Z"),
        ("iso", "2024-05-01 10:00", "2024-05-01T10:00:00.000Z"),
        ("epoch_s", "nan", "bad_time"),
        ("epoch_s", "1e300", "time_range"),
        ("epoch_s", "0", "time_range"),
        ("iso", "1969-12-31T00:00:00Z", "time_range"),
        ("iso", "", "missing_field"),
    ],
)
def test_times_of_every_form_are_read_or_refused(tmp_path: Path, form: str, at: str, expected: str) -> None:
    """Fractions of a millisecond are cut off; what is outside 1990 to 2100 is no crossing."""
    keys = {"time": {"column": "at", "format": form, "zone": "UTC"}}
    good = {"epoch_s": "1714557600", "epoch_ms": "1714557600000", "iso": "2024-05-01T10:00:00"}[form]
    _, log, dead = run(tmp_path, HEADER + row(1, at=good) + row(2, at=at), keys=keys)
    told = [r["reason"] for r in dead] + [c["occurred_at"] for c in log if c["crossing_id"] == "c2"]
    assert [expected] == told


def test_a_naive_time_without_a_zone_in_the_map_is_refused(tmp_path: Path) -> None:
    """Guessing a zone would move every habit by hours."""
    source = HEADER + row(1) + row(2, at="2024-05-01T10:00:00")
    _, _, dead = run(tmp_path, source, keys={"time": {"column": "at"}})
    assert "has no zone and the map gives none (time.zone)" in dead[0]["detail"]


@pytest.mark.parametrize(
    ("time", "says"),
    [({"zone": "America/Los_Angles"}, "did you mean 'America/Los_Angeles'"), ({"format": "ISO8601"}, "time.format")],
)
def test_an_unknown_zone_or_format_stops_before_a_row_is_read(tmp_path: Path, time: dict[str, str], says: str) -> None:
    """It is the map that is wrong, not every row."""
    with pytest.raises(ConfigError, match=says):
        run(tmp_path, HEADER + row(1), keys={"time": {"column": "at"} | time})


def test_value_tables_defaults_and_scale_apply_and_unknown_words_are_refused(tmp_path: Path) -> None:
    """Words are matched without regard to case; a missing value takes the default."""
    keys = {
        "columns": MAP["columns"] | {"direction": "way", "lane_type": "kind", "read_confidence": "conf"},
        "constants": {}, "defaults": {"lane_type": "general"}, "missing": ["", "NA"],
        "scale": {"read_confidence": 0.01},
        "values": {"direction": {"Entry": "inbound", "Exit": "outbound"}, "lane_type": {4: "commercial", "*": "*"}},
    }  # fmt: skip
    source = "id,site,gate,tag,at,way,kind,conf\n" + "".join(
        f"c{n},1,1,v,2024-05-01T10:00:0{n}Z,{rest}\n"
        for n, rest in enumerate(
            ("entry,4,29", "EXIT,NA,NA", "sideways,4,50", "entry,bus,101", "entry,boat,1", "entry,4,x")
        )
    )
    _, log, dead = run(tmp_path, source, keys=keys)
    assert ("inbound", "commercial", 0.29) == (log[0]["direction"], log[0]["lane_type"], log[0]["read_confidence"])
    assert ("outbound", "general", None) == (log[1]["direction"], log[1]["lane_type"], log[1].get("read_confidence"))
    assert ["value_table", "out_of_range", "out_of_range", "wrong_type"] == [r["reason"] for r in dead]


def test_a_plate_is_nowhere_in_the_log_or_the_refusals(tmp_path: Path) -> None:
    """However it is spaced or cased, in whatever column; a row that cannot be split is not shown at all."""
    bad = "c2,site ab 123 cd,7,AB-123-CD,img_ab123cd.jpg\n" + "c3,AB-123-CD\n" + 'c4,"x"AB-123-CD,7,q,r\n'
    summary, log, dead = run(tmp_path, HEADER + row(1, tag="AB-123-CD") + bad, keys=PLATES)
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("*.jsonl")).lower()
    assert (1, 3) == (summary.written, summary.rejected)
    assert b"123" not in everything
    assert dead[1]["row"] == {"withheld": "may hold a plate", "characters": 13}
    assert log[0]["vehicle"] == Pseudonymiser(bytes(range(32))).pseudonym("AB123CD", "XX")


def test_plates_in_an_exploded_cell_are_redacted_too(tmp_path: Path) -> None:
    """The whole cell goes: the plates of the other passages are in it."""
    keys = PLATES | {
        "explode": {"column": "tags", "separator": ";", "part_separator": "#", "names": ["tag", "at"]},
        "templates": {"crossing_id": "{@line}.{@part}"}, "columns": {"port": "site", "lane": "gate"},
    }  # fmt: skip
    source = "site,gate,tags\n1,1,AB123#2024-05-01T10:00:00Z;CD456#late;EF789\n"
    summary, _, dead = run(tmp_path, source, keys=keys)
    assert (1, 3, 1) == (summary.rows, summary.passages, summary.written)
    assert ["bad_time", "explode"] == [r["reason"] for r in dead]
    assert not any(plate in json.dumps(dead) for plate in ("AB123", "CD456", "EF789"))


def test_hashed_plates_are_the_pseudonym_cut_to_what_the_contract_allows(tmp_path: Path) -> None:
    """64 characters at most."""
    keys = {"columns": PLATES["columns"], "hashed": "tag"}
    _, log, _ = run(tmp_path, HEADER + row(1, tag="f" * 70), keys=keys)
    assert log[0]["vehicle"] == "f" * 64


def test_without_a_key_a_map_with_plates_is_refused(tmp_path: Path) -> None:
    """There is no way to write a raw plate."""
    m = ImportMap.model_validate(MAP | PLATES)
    with pytest.raises(ConfigError, match="a key for their pseudonyms is required"):
        import_files([tmp_path / "in.csv"], m, tmp_path / "out.jsonl")


def test_a_header_that_may_be_a_row_of_plates_is_not_shown(tmp_path: Path) -> None:
    """A file without its header has a plate in its first line."""
    with pytest.raises(ConfigError) as error:
        run(tmp_path, "c1,2504,7,AB123CD,2024\n", keys=PLATES)
    assert "AB123CD" not in str(error.value)
