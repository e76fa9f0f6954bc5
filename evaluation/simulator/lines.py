"""How are the columns of a generated log written as JSON lines? Any stretch of them, a few microseconds a line.

Texts that repeat are made once and looked up; only numbers with many values are formatted for each line.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from evaluation.simulator.bodies import COLOURS, MODELS
from evaluation.simulator.papers import Freight
from evaluation.simulator.ports import Array
from evaluation.simulator.routes import COMMODITIES
from evaluation.simulator.traffic import Traffic
from schemas.batch import DIRECTIONS, LANE_TYPES, NO_DAY, VEHICLE_CLASSES


def _texts(name: str, values: Iterable[object]) -> list[str]:
    """`,"name":"value"` for each value, and nothing for -1, the last."""
    return [*(f',"{name}":"{value}"' for value in values), ""]


class LineWriter:
    """Makes the lines of one log, any stretch of them at a time."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._vehicles = [f'"vehicle":"{name}"' for name in traffic.vehicle_names]
        self._freight = _Freight(traffic.freight, len(traffic))
        self._days: dict[str, _Days] = {name: _Days(name) for name in ("registered_on", "owner_changed_on")}
        self._models = [*(f',"make":"{make}","model":"{model}"' for make, model, _ in MODELS), ""]
        self._prequeue = _texts("prequeue_lane", traffic.lane_names)

    def lines(self, start: int, stop: int) -> bytes:
        """The lines from the `start`th to arrive to the one before the `stop`th."""
        t, vehicles = self._traffic, self._vehicles
        rows = t.arrival[start:stop]
        times = np.datetime_as_string(t.time_ms[rows].astype("M8[ms]"), unit="ms").tolist()
        kind = (t.direction[rows].astype(np.int32) * len(LANE_TYPES) + t.lane_type[rows]) * len(VEHICLE_CLASSES)
        kind = kind + t.vehicle_class[rows]
        columns = zip(
            rows.tolist(), times, t.port[rows].tolist(), t.lane[rows].tolist(), t.vehicle[rows].tolist(),
            kind.tolist(), np.rint(t.confidence[rows] * 1000).astype(int).tolist(), self._optional(rows),
            self._freight.of(rows), strict=True,
        )  # fmt: skip
        prefix, codes, lanes = f'{{"crossing_id":"{t.seed:x}-', t.places.codes, t.lane_names
        return "".join([
            f'{prefix}{row:09d}","occurred_at":"{at}Z","port":"{codes[port]}","lane":"{lanes[lane]}",{vehicles[vehicle]},'
            f'{_KINDS[sort]}"read_confidence":0.{confidence:03d}{more}{papers}}}\n'
            for row, at, port, lane, vehicle, sort, confidence, more, papers in columns
        ]).encode()  # fmt: skip

    def _optional(self, rows: Array) -> list[str]:
        """The optional fields that any vehicle may have, as one text a row."""
        f = self._traffic.fields
        models, prequeue, days = self._models, self._prequeue, self._days
        columns = zip(
            f.occupants[rows].tolist(), _scrambled(f.driver[rows]), f.model[rows].tolist(), f.colour[rows].tolist(),
            days["registered_on"].of(f.registered_on[rows]), days["owner_changed_on"].of(f.owner_changed_on[rows]),
            f.rental[rows].tolist(), f.officer[rows].tolist(), f.wait_s[rows].tolist(), f.inspection_s[rows].tolist(),
            f.prequeue_lane[rows].tolist(), strict=True,
        )  # fmt: skip
        return [
            f"{_OCCUPANTS[people]}"
            f"{_driver(driver)}{models[model]}{_COLOURS[colour]}{registered}{changed}{_RENTAL[rental]}"
            f"{_officer(officer)}{_wait(wait)}{_inspection(inspection)}{prequeue[before]}"
            for people, driver, model, colour, registered, changed, rental, officer, wait, inspection, before in columns
        ]


_KINDS = [
    f'"direction":"{direction}","lane_type":"{lane_type}","vehicle_class":"{vehicle_class}",'
    for direction in DIRECTIONS
    for lane_type in LANE_TYPES
    for vehicle_class in VEHICLE_CLASSES
]
_OCCUPANTS = [*(f',"occupants":{n}' for n in range(1000)), ""]
_COLOURS = _texts("colour", COLOURS)
_RENTAL = (',"rental":false', ',"rental":true', "")


def _scrambled(number: Array) -> list[int]:
    """Other 32-bit numbers, one for each, so that no name shows who is a newcomer; -1 stays (Knuth's multiplier)."""
    mixed = (number.astype(np.uint64) * np.uint64(2_654_435_761)) & np.uint64(0xFFFF_FFFF)
    mixed = ((mixed ^ (mixed >> np.uint64(15))) * np.uint64(2_246_822_519)) & np.uint64(0xFFFF_FFFF)
    scrambled: list[int] = np.where(number >= 0, (mixed ^ (mixed >> np.uint64(13))).astype(np.int64), -1).tolist()
    return scrambled


def _driver(number: int) -> str:
    return f',"driver":"d{number:08x}"' if number >= 0 else ""


def _officer(number: int) -> str:
    return f',"officer":"o{number:05x}"' if number >= 0 else ""


def _wait(seconds: int) -> str:
    return f',"wait_s":{seconds}' if seconds >= 0 else ""


def _inspection(seconds: int) -> str:
    return f',"inspection_s":{seconds}' if seconds >= 0 else ""


class _Days:
    """Dates as text, each made when it is first met."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: dict[int, str] = {NO_DAY: ""}

    def of(self, days: Array) -> list[str]:
        """One text a day (days since 1970)."""
        known = self._known
        for day in set(days.tolist()).difference(known):
            known[day] = f',"{self._name}":"{np.datetime64(day, "D")}"'
        return [known[day] for day in days.tolist()]


class _Freight:
    """The trucks' fields of any rows, as text; empty for others."""

    def __init__(self, freight: Freight, rows: int) -> None:
        self._freight = freight
        self._at = np.full(rows, -1, np.int64)
        self._at[freight.row] = np.arange(len(freight.row))
        self._goods = _texts("commodity", COMMODITIES)
        self._laden = (',"laden":false', ',"laden":true', "")

    def of(self, rows: Array) -> list[str]:
        """One text a row."""
        f, texts = self._freight, [""] * len(rows)
        at = self._at[rows]
        where = np.flatnonzero(at >= 0)
        picked = at[where]
        for i, weight, laden, trailer, carrier, shipper, consignee, commodity, value in zip(
            where.tolist(), f.weight_kg[picked].tolist(), f.laden[picked].tolist(), _scrambled(f.trailer[picked]),
            _scrambled(f.carrier[picked]), _scrambled(f.shipper[picked]), _scrambled(f.consignee[picked]),
            f.commodity[picked].tolist(), f.declared_value[picked].tolist(), strict=True,
        ):  # fmt: skip
            texts[i] = "".join((
                f',"weight_kg":{weight}' if weight >= 0 else "", self._laden[laden],
                f',"trailer":"t{trailer:08x}"' if trailer >= 0 else "",
                f',"carrier":"c{carrier:08x}"' if carrier >= 0 else "",
                f',"shipper":"s{shipper:08x}"' if shipper >= 0 else "",
                f',"consignee":"n{consignee:08x}"' if consignee >= 0 else "", self._goods[commodity],
                f',"declared_value":{value}' if value >= 0 else "",
            ))  # fmt: skip
        return texts
