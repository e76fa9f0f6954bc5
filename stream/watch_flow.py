"""Is a reader down, or is there less traffic? Ports, directions and lanes against their forecasts, hour by hour.

`detectors/flow.py` says how far an hour is from the forecast; this file says what it means:

* one direction of a port is silent while the other flows, or a lane is (`stream/watch_lanes.py`): `reader_fault`;
* a port has far less or far more traffic, or begins to have any: `flow_anomaly`;
* ADWIN (river) finds that a port's forecast has been off for a while, less than that: `flow_anomaly` too.

Whatever begins is said once. While it lasts the series learns nothing; after `PATIENCE` hours what it shows is the
usual, and what was usual before stays so for five weeks, so that traffic may return unremarked.

One silent direction or port also makes a gap in the vehicles' histories. `stream/pauses.py` reads those from `gaps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import flow
from stream.drift import Drift
from stream.spells import Spells
from stream.watch_lanes import REMEMBERED, LaneWatch, longer
from stream.words import Word

ODD = 1e-6  # tail; a border has some 500,000 hours of ports a year
SILENT = 0.1  # of what is usual
FLOWS, FLOWS_WELL, BACK = 0.5, 0.8, 0.7
FEW = 3.0  # crossings an hour
GOOD = 3  # hours as usual end it
YOUNG, YOUNG_COUNT = 14 * 24, 30  # hours for which a port is new, and crossings after which that is said
SHIFT, MANY = 0.3, 30.0  # ADWIN's finding is said where the last day differs by such a share, and so many crossings


class FlowWatch:
    """The series of a process's ports and lanes, and what is wrong with them."""

    def __init__(self) -> None:
        self.rows = np.zeros(0, flow.ROW)  # two a port: inbound, outbound
        self.spells = Spells()
        self.lanes = LaneWatch(self.spells)
        self.gaps: list[list[int]] = []  # port, direction, from hour, to hour (0 while it lasts)
        self.born: dict[int, list[int]] = {}  # young ports: hour, crossings since, whether it was said
        self.hours = 0  # with any traffic
        self.drift = Drift()

    def step(
        self, hour: int, counts: NDArray[np.int64], reads: NDArray[np.int64], weeks: NDArray[np.int64]
    ) -> Iterator[Word]:
        """What an hour with traffic somewhere shows; where there is none at all, no port is at fault.

        `counts[ports, 2]` crossings, `reads[lanes, 3]`, `weeks[ports]` the local hour of the week.
        """
        self.rows = longer(self.rows, 2 * len(counts))
        self.hours += 1
        of_series, out = np.repeat(weeks, 2), np.ones((len(self.rows), 3, 6))
        flow.assess(self.rows, counts.ravel().astype(np.float64), of_series, out)
        yield from self._young(hour, counts)
        yield from self._ports(hour, out)
        yield from self.lanes.step(hour, reads, weeks, out)
        frozen = np.zeros(len(self.rows), np.bool_)
        for key in self.spells.open:
            frozen[_series(key)] = True
        yield from self._shifts(hour, frozen)
        flow.learn(self.rows, of_series, frozen)
        self.lanes.learn(weeks, frozen)

    def young(self) -> list[int]:
        """Ports that have just begun to carry traffic, or carry far more than ever."""
        return [port for port, (_, _, said) in self.born.items() if said] + [
            int(key.split()[1]) for key, spell in self.spells.open.items() if spell.kind == "more"
        ]

    def _young(self, hour: int, counts: NDArray[np.int64]) -> Iterator[Word]:
        """Ports that nobody had seen a week after the log began."""
        for port in np.flatnonzero(counts.any(axis=1) & (self.rows["hours"].reshape(-1, 2).sum(axis=1) == 0)).tolist():
            if self.hours > flow.WEEK and port not in self.born:
                self.born[port] = [hour, 0, 0]
        for port, about in list(self.born.items()):
            about[1] += int(counts[port].sum())
            if about[1] >= YOUNG_COUNT and not about[2]:
                about[2] = 1
                yield Word("flow_anomaly", "new", hour, port, observed=about[1], hours=hour - about[0] + 1)
            if hour - about[0] >= YOUNG:
                del self.born[port]

    def _ports(self, hour: int, out: NDArray[np.float64]) -> Iterator[Word]:
        """Directions and ports that are far from their forecast."""
        less, more = out[:, :, flow.LOW] < ODD, out[:, :, flow.HIGH] < ODD
        flagged = np.flatnonzero(less.any(axis=1) | more.any(axis=1))
        for port in sorted({s // 2 for s in flagged.tolist()} | self._open_ports()):
            open_keys = [
                k for k in (f"direction {port} 0", f"direction {port} 1", f"port {port}") if k in self.spells.open
            ]
            for key in open_keys:
                self._go_on(key, hour, out)
            if open_keys:
                continue
            pair = slice(2 * port, 2 * port + 2)
            if more[pair].any():
                way, w = np.argwhere(more[pair])[0].tolist()
                yield from self._say(f"port {port}", hour, port, -1, "more", out[2 * port + way, w],
                                     int(flow.WINDOWS[w]))  # fmt: skip
            elif less[pair].any():
                yield from self._less(hour, port, less[pair], out[pair])

    def _less(self, hour: int, port: int, less: NDArray[np.bool_], out: NDArray[np.float64]) -> Iterator[Word]:
        """Too little at a port: silent, and since when, or just less; one direction of it or both."""
        way, w = np.argwhere(less)[0].tolist()
        other = 1 - way
        hours = self._silent_hours(2 * port + way, out[way])
        if hours:
            recent = self.rows[2 * port + other]
            count, usual = recent["counts"][:hours].sum(), recent["means"][:hours].sum() * _level(out[other])
            flows = usual >= FEW and count > FLOWS * usual
            self.gaps += [[port, side, hour - hours + 1, 0] for side in ((way,) if flows else (0, 1))]
        else:
            share = out[:, w, flow.COUNT] / np.maximum(out[:, w, flow.MEAN_LOW], 1e-9)
            flows = share[other] > FLOWS_WELL and out[other, w, flow.MEAN_LOW] >= FEW
        key = f"direction {port} {way}" if flows else f"port {port}"
        row = out[way, w].copy()
        if hours:
            recent = self.rows[2 * port + way]
            row[flow.COUNT], usual = recent["counts"][:hours].sum(), recent["means"][:hours].sum()
            row[[flow.MEAN_LOW, flow.MEAN_HIGH]] *= usual * _level(out[way]) / row[flow.MEAN_LOW]
        about = "direction" if hours and flows else "less"
        span = hours or int(flow.WINDOWS[w])
        yield from self._say(key, hour, port, way if flows else -1, about, row, span)

    def _silent_hours(self, series: int, out: NDArray[np.float64]) -> int:
        """For how many of the last hours a series has been silent, 0 where it is too short to tell."""
        counts = np.cumsum(self.rows[series]["counts"])
        means = np.cumsum(self.rows[series]["means"]) * _level(out)
        silent = np.flatnonzero((counts <= SILENT * means) & (means >= FEW))
        return int(silent[-1]) + 1 if len(silent) else 0

    def _say(
        self, key: str, hour: int, port: int, way: int, about: str, row: NDArray[np.float64], hours: int
    ) -> Iterator[Word]:
        kind = "reader_fault" if about == "direction" else "flow_anomaly"
        p = float(row[flow.HIGH if about == "more" else flow.LOW])
        usual = (float(row[flow.MEAN_LOW]), float(row[flow.MEAN_HIGH]))
        word = Word(kind, about, hour, port, None, way, p, float(row[flow.COUNT]), usual, hours)
        yield from self.spells.begin(key, "more" if about == "more" else "less", word)

    def _open_ports(self) -> set[int]:
        return {int(key.split()[1]) for key in [*self.spells.of("port"), *self.spells.of("direction")]}

    def _go_on(self, key: str, hour: int, out: NDArray[np.float64]) -> None:
        """A spell of a port: back to usual, the new usual, or still on."""
        spell, series = self.spells.open[key], _series(key)
        now = out[series, 0]
        usual = now[:, flow.COUNT] >= BACK * now[:, flow.MEAN_LOW]
        usual &= now[:, flow.COUNT] <= now[:, flow.MEAN_HIGH] / BACK
        good = spell.good + 1 if usual.all() else 0
        if (now[:, flow.MEAN_LOW] < FEW).any():  # too few are expected to tell
            good = spell.good
        self.spells.open[key] = spell._replace(good=good)
        if good >= GOOD:
            self._end(key, hour - good)
            for s in series:
                flow.forget_recent(self.rows[s])
        elif self.spells.lasts_too_long(key, hour):
            self._end(key, hour)
            for s in series:
                flow.adopt(self.rows[s], REMEMBERED)

    def _end(self, key: str, hour: int) -> None:
        """Nothing is wrong any more since `hour`: its gaps are closed, old ones forgotten."""
        since = self.spells.end(key, hour).since
        for series in _series(key):
            for gap in self.gaps:
                if gap[:2] == [series // 2, series % 2] and not gap[3]:
                    gap[3] = max(hour, since)
        self.gaps = [gap for gap in self.gaps if not gap[3] or gap[3] > hour - REMEMBERED]

    def _shifts(self, hour: int, frozen: NDArray[np.bool_]) -> Iterator[Word]:
        """Ports whose forecast has been off for a while, by ADWIN."""
        off = np.zeros((len(self.rows) // 2, 3))
        flow.surprises(self.rows, off)
        off[frozen.reshape(-1, 2).any(axis=1), 0] = np.nan
        for port in np.flatnonzero(~np.isnan(off[:, 0])).tolist():
            by, count, usual = off[port].tolist()
            if self.drift.update(port, by) is None or abs(count - usual) < max(SHIFT * usual, MANY):
                continue
            word = Word("flow_anomaly", "shift", hour, port, observed=count, usual=(usual, usual), hours=flow.RING)
            yield from self.spells.unless_quiet(f"flow_anomaly {port}", word)
            for way in (0, 1):
                flow.adopt(self.rows[2 * port + way], REMEMBERED)

    def save(self) -> tuple[dict[str, Any], dict[str, Any], bytes]:
        """Arrays, plain values and river's objects, for a checkpoint."""
        arrays, lanes = self.lanes.save()
        values = {
            "spells": self.spells.save(), "lanes": lanes, "gaps": self.gaps, "born": sorted(self.born.items()),
            "hours": self.hours,
        }  # fmt: skip
        return arrays | {"rows": self.rows}, values, self.drift.dump()

    def load(self, arrays: Mapping[str, Any], values: Mapping[str, Any], blob: bytes) -> None:
        """The inverse of `save`."""
        self.rows = arrays["rows"]
        self.lanes.load(arrays, values["lanes"])
        self.spells.load(values["spells"])
        self.gaps, self.hours, self.born = values["gaps"], values["hours"], dict(values["born"])
        self.drift.load(blob)


def _series(key: str) -> list[int]:
    """The series that a spell is about; none for one of a lane."""
    what, number, *way = key.split()
    if what == "direction":
        return [2 * int(number) + int(way[0])]
    return [2 * int(number), 2 * int(number) + 1] if what == "port" else []


def _level(out: NDArray[np.float64]) -> float:
    """The lowest usual level of a series, relative to its shape; `out[3, 6]` as `flow.assess` gives it."""
    return float(out[-1, flow.LEVEL])
