"""Where do the figures in hour_of_week.csv and months.csv come from?

`hour_of_week.csv`: mean delay of cars, southbound, at Peace Arch (Blaine, Washington) in each hour of the week (0 is
Monday 00:00, local time), 2013 to 2018, minutes; Cascade Gateway Border Data Warehouse, Whatcom Council of Governments.
A delay is no count: it grows faster than the flow. `seasons.py` says what is made of it.
`months.csv`: crossings a day in each month of 2024 over the mean of the year, by border, of personal vehicles and
trucks, from the Border Crossing Entry Data of the US Bureau of Transportation Statistics (keg4-3bc2, a work of the US
Government). Run `python -m evaluation.simulator.make_shapes PEACE_ARCH.csv.gz BTS.csv.gz`.
"""

from __future__ import annotations

import calendar
import csv
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

YEAR = 2024
MEASURES = {"Personal Vehicles": "personal", "Trucks": "trucks"}
BORDERS = {"US-Canada Border": "canada", "US-Mexico Border": "mexico"}


def hour_of_week(rows: Iterable[Mapping[str, str]]) -> list[float]:
    """168 mean delays in minutes; hours without a value are left out."""
    delays: defaultdict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row["avg_delay_minutes"]:
            at = datetime.fromisoformat(row["hour_local"])
            delays[at.weekday() * 24 + at.hour].append(float(row["avg_delay_minutes"]))
    return [sum(delays[hour]) / len(delays[hour]) for hour in range(168)]


def months(rows: Iterable[Mapping[str, str]]) -> list[dict[str, float]]:
    """Twelve rows: crossings a day over the mean of the year, by border and measure."""
    totals: Counter[tuple[str, int]] = Counter()
    for row in rows:
        month, _, year = row["Date"].partition(" ")
        if year == str(YEAR) and row["Measure"] in MEASURES:
            name = f"{BORDERS[row['Border']]}_{MEASURES[row['Measure']]}"
            totals[name, datetime.strptime(f"{month} 1", "%b %d").month] += int(row["Value"])  # noqa: DTZ007 (a name)
    names = [f"{border}_{measure}" for border in BORDERS.values() for measure in MEASURES.values()]
    days = [calendar.monthrange(YEAR, month)[1] for month in range(1, 13)]
    mean = {name: sum(totals[name, month] for month in range(1, 13)) / sum(days) for name in names}
    return [{name: totals[name, m] / days[m - 1] / mean[name] for name in names} for m in range(1, 13)]


@contextmanager
def _rows(path: Path) -> Iterator[Iterable[Mapping[str, str]]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield csv.DictReader(lines)


def main(peace_arch: Path, bts: Path, folder: Path) -> None:
    """Write both tables into `folder`."""
    with _rows(peace_arch) as rows:
        week = "".join(f"{hour},{delay:.2f}\n" for hour, delay in enumerate(hour_of_week(rows)))
    (folder / "hour_of_week.csv").write_text("hour_of_week,delay_minutes\n" + week, encoding="ascii")
    with _rows(bts) as rows:
        table = months(rows)
    lines = [f"{month}," + ",".join(f"{value:.3f}" for value in row.values()) for month, row in enumerate(table, 1)]
    head = ",".join(["month", *table[0]])
    (folder / "months.csv").write_text("\n".join([head, *lines]) + "\n", encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(__file__).parent)
