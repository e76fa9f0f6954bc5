"""Where do the facts in us_land_ports.csv come from?

From the Border Crossing Entry Data of the US Bureau of Transportation Statistics (data.transportation.gov, keg4-3bc2, a
work of the US Government): run `python -m schemas.make_us_ports Border_Crossing_Entry_Data.csv.gz`. Volumes are those
of 2024, inbound, as counted by CBP. Time zones are not in that data: they follow from the state, and where a state is
split, from the port: northern Idaho keeps Pacific time, El Paso county (Texas) Mountain time, the North Dakota border
Central time (only its south-west is on Mountain time), Alcan the time of Anchorage, the panhandle of Alaska that of
Juneau.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

YEAR = "2024"
MEASURES = {"Personal Vehicles": "personal_vehicles", "Trucks": "trucks", "Buses": "buses"}
COLUMNS = (
    "code", "name", "state", "latitude", "longitude", "time_zone", "lanes", *(f"{m}_{YEAR}" for m in MEASURES.values())
)  # fmt: skip
ZONE_OF_STATE = {
    "Alaska": "America/Juneau",
    "Arizona": "America/Phoenix",
    "California": "America/Los_Angeles",
    "Idaho": "America/Los_Angeles",
    "Maine": "America/New_York",
    "Michigan": "America/Detroit",
    "Minnesota": "America/Chicago",
    "Montana": "America/Denver",
    "New Mexico": "America/Denver",
    "New York": "America/New_York",
    "North Dakota": "America/Chicago",
    "Texas": "America/Chicago",
    "Vermont": "America/New_York",
    "Washington": "America/Los_Angeles",
}
ZONE_OF_PORT = {
    "2401": "America/Denver",  # Ysleta
    "2402": "America/Denver",  # El Paso
    "2404": "America/Denver",  # Tornillo
    "3104": "America/Anchorage",  # Alcan
}


def table(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a port, by code, from the monthly rows of the source."""
    ports: dict[str, dict[str, str]] = {}
    volumes: Counter[tuple[str, str]] = Counter()
    for row in rows:
        code, measure = row["Port Code"], MEASURES.get(row["Measure"])
        ports[code] = {
            "code": code,
            "name": row["Port Name"],
            "state": row["State"],
            "latitude": row["Latitude"],
            "longitude": row["Longitude"],
            "time_zone": ZONE_OF_PORT.get(code) or ZONE_OF_STATE[row["State"]],
            "lanes": "",
        }
        if measure and row["Date"].endswith(YEAR):
            volumes[code, measure] += int(row["Value"])
    return [ports[code] | {f"{m}_{YEAR}": str(volumes[code, m]) for m in MEASURES.values()} for code in sorted(ports)]


def main(source: Path, target: Path) -> None:
    """Write the table of `source` (.csv.gz of BTS) to `target`."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines, target.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table(csv.DictReader(lines)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_name("us_land_ports.csv"))
