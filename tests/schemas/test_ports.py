"""Are ports known, placed and on their own clocks?"""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigError
from schemas.make_us_ports import COLUMNS, main
from schemas.ports import Ports
from schemas.zones import LocalClock, load_zone
from tests.schemas.documents import codec, line

CSV = "code,name,latitude,longitude,time_zone,lanes,x\n2504,San Ysidro,32.5,-117.0,America/Los_Angeles,34,x\nQ1,,,,,,\n"
JSON = json.dumps(
    [
        {
            "code": "2504",
            "name": "San Ysidro",
            "latitude": 32.5,
            "longitude": -117,
            "time_zone": "America/Los_Angeles",
            "lanes": 34,
        },
        {"code": "Q1"},
    ]
)


@pytest.mark.parametrize("text", [CSV, JSON, json.dumps({"ports": json.loads(JSON)}), "\ufeff" + CSV])
def test_a_registry_file_is_csv_or_json(text: str, tmp_path: Path) -> None:
    """Both hold the same; what is left out is unknown, in the default time zone."""
    (tmp_path / "ports").write_text(text, "utf-8")
    ports = Ports.from_file(tmp_path / "ports", default_time_zone="Europe/Vilnius")
    assert ["2504", "Q1"] == ports.names
    assert ("San Ysidro", 32.5, -117.0, "America/Los_Angeles", 34) == (
        ports[0].name, ports[0].latitude, ports[0].longitude, ports[0].time_zone, ports[0].lanes,
    )  # fmt: skip
    assert ("Q1", True, "Europe/Vilnius", 0) == (
        ports.label_of(1),
        math.isnan(ports[1].latitude),
        ports[1].time_zone,
        ports[1].lanes,
    )
    assert not ports.is_open
    with pytest.raises(KeyError):
        ports.code_of("unknown")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no port"),
        ("[]", "no port"),
        ("{}", "no port"),
        ("[1]", "entry 1"),
        ('[{"code": 2504}]', "`code` is required"),
        ('{"ports": [', "not JSON"),
        ("name\nx\n", "line 2.*`code`"),
        ("code,latitude\nA,95\n", "line 2.*`latitude`.*95"),
        ("code,latitude,longitude\nA,nan,1\n", "`latitude`"),
        ("code,latitude\nA,45\n", "go together"),
        ("code,lanes\nA,1.5\n", "whole number"),
        ("code\nA\nA\n", "'A' stands twice"),
        ("code,time_zone\nA,Mars/Olympus\n", "Mars/Olympus"),
        ("code,time_zone\nA,../../etc/passwd\n", "time zone"),
        ("code,time_zone\nA,America\n", "time zone"),
    ],
)
def test_a_registry_that_cannot_be_used_is_a_configuration_error(text: str, message: str, tmp_path: Path) -> None:
    """It says where, what was required and what came."""
    (tmp_path / "ports").write_text(text)
    with pytest.raises(ConfigError, match=message):
        Ports.from_file(tmp_path / "ports")


def test_a_registry_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    """No such file, or not UTF-8."""
    with pytest.raises(ConfigError, match="cannot be read"):
        Ports.from_setting(str(tmp_path / "none.csv"))
    (tmp_path / "ports").write_bytes(b"code\n\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        Ports.from_file(tmp_path / "ports")
    with pytest.raises(ConfigError, match="does not come with"):
        Ports.builtin("eu")


def test_an_open_registry_numbers_ports_as_they_come_until_it_is_full() -> None:
    """A known port keeps its number; an empty registry is still a registry."""
    ports = Ports.from_setting("open", max_ports=2)
    assert ports
    assert [0, 1, 0] == [ports.code_of(name) for name in ("B", "A", "B")]
    with pytest.raises(KeyError):
        ports.code_of("C")
    assert ["B", "A"] == ports.names
    assert "A" == ports.name_of(1)


def test_a_saved_registry_goes_on_where_it_stopped() -> None:
    """Numbers, places, zones and what is left of its room survive a checkpoint."""
    ports = Ports.open(max_ports=3, default_time_zone="America/Denver")
    for name in ("B", "A"):
        ports.code_of(name)
    restored = Ports.from_json(json.loads(json.dumps(ports.to_json(), allow_nan=False)))
    assert ports.to_json() == restored.to_json()
    assert [2, 1] == [restored.code_of("C"), restored.code_of("A")]
    us = Ports.from_setting("us")
    assert us.to_json() == Ports.from_json(json.loads(json.dumps(us.to_json(), allow_nan=False))).to_json()
    with pytest.raises(ConfigError):
        Ports.from_json({"schema": "ports/9"})


def test_distances_are_those_of_the_map() -> None:
    """San Ysidro to El Paso is 999 km as the crow flies; without a place there is no distance."""
    us = Ports.builtin()
    assert 999 == round(us.distance_km(us.code_of("2504"), us.code_of("2402")))
    assert 0 == us.distance_km(3, 3)
    ports = Ports.open()
    assert math.isnan(ports.distance_km(ports.code_of("A"), ports.code_of("B")))


@given(
    times=st.lists(st.integers(631_152_000_000, 4_102_444_799_999), max_size=20),
    zones=st.lists(
        st.sampled_from(["America/Los_Angeles", "America/Phoenix", "Asia/Kathmandu", "UTC"]), min_size=1, max_size=3
    ),
)
def test_wall_clocks_follow_the_rules_of_their_zones(times: list[int], zones: list[str]) -> None:
    """Summer time and odd offsets too, whatever stands together in a batch."""
    clock = LocalClock()
    numbers = [clock.add(zones[n % len(zones)]) for n in range(len(times))]
    expected = []
    for n, time_ms in enumerate(times):
        moment = np.datetime64(time_ms, "ms").item().replace(tzinfo=ZoneInfo("UTC"))
        offset = moment.astimezone(load_zone(zones[n % len(zones)])).utcoffset()
        assert offset is not None
        expected.append(time_ms + round(offset.total_seconds() * 1000))
    assert expected == clock.local_ms(np.array(times, np.int64), np.array(numbers, np.int64)).tolist()


def test_the_clocks_change_to_the_millisecond() -> None:
    """In San Ysidro summer time of 2026 begins on 8 March at 10:00 UTC."""
    ports = Ports.builtin()
    change = np.datetime64("2026-03-08T10:00:00.000", "ms").astype(np.int64)
    port = np.full(2, ports.code_of("2504"))
    local = ports.local_ms(np.array([change - 1, change]), port).astype("M8[ms]").astype(str).tolist()
    assert ["2026-03-08T01:59:59.999", "2026-03-08T03:00:00.000"] == local


def test_a_batch_carries_the_wall_clock_of_its_port() -> None:
    """Two ports, one moment, two hours of the day."""
    data = line(port="2402") + b"\n" + line(port="2504")
    batch = codec(ports=Ports.builtin()).decode(data).batch
    assert [-7 * 3_600_000, -8 * 3_600_000] == (batch.local_ms - batch.time_ms).tolist()


def test_us_ports_are_on_the_clocks_of_their_towns() -> None:
    """Where a state is split the port decides."""
    us = Ports.builtin()
    zones = {"Porthill": "Los_Angeles", "Ysleta": "Denver", "El Paso": "Denver", "Tornillo": "Denver",
             "Presidio": "Chicago", "Portal": "Chicago", "Detroit": "Detroit", "Nogales": "Phoenix",
             "Alcan": "Anchorage", "Skagway": "Juneau",
             "Raymond": "Denver", "Santa Teresa": "Denver", "Calais": "New_York"}  # fmt: skip
    assert zones == {
        us[n].name: us[n].time_zone.removeprefix("America/") for n in range(len(us)) if us[n].name in zones
    }


def test_us_ports_are_the_facts_of_their_source() -> None:
    """117 ports; the volumes of 2024 add up to those that the product is planned for."""
    with (Path(__file__).resolve().parents[2] / "schemas" / "us_land_ports.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(COLUMNS) == list(rows[0])
    assert all(a["code"] < b["code"] for a, b in pairwise(rows))
    totals = [sum(int(row[f"{m}_2024"]) for row in rows) for m in ("personal_vehicles", "trucks", "buses")]
    assert (117, [99_448_048, 13_167_757, 182_876]) == (len(rows), totals)


@pytest.mark.data
@pytest.mark.slow
def test_the_table_of_us_ports_is_what_the_script_makes_of_the_source(shared: Path, tmp_path: Path) -> None:
    """Nothing in it was typed by hand."""
    main(shared / "data" / "us_land_ports" / "Border_Crossing_Entry_Data.csv.gz", tmp_path / "made.csv")
    kept = Path(__file__).resolve().parents[2] / "schemas" / "us_land_ports.csv"
    assert (tmp_path / "made.csv").read_bytes() == kept.read_bytes()
