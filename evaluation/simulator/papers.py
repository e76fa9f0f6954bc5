"""What do the papers and the scale say of a truck? Its route's parties and goods, its weight, its trailer."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.cast import Cast
from evaluation.simulator.kinds import FREIGHT, HAULIER
from evaluation.simulator.overrides import Overrides
from evaluation.simulator.people import People
from evaluation.simulator.ports import Array
from evaluation.simulator.trips import Rows
from evaluation.simulator.world import World

NEW_PARTIES = 1 << 26  # numbers of firms that nobody knows begin here
NEW_TRAILERS = 1 << 27  # the trailers of car hauliers: a new one a trip


@dataclass(slots=True)
class Freight:
    """Columns of the trucks' crossings only; `row` says which. -1 (value: nan) where a field is absent."""

    row: Array  # i8, ascending
    weight_kg: Array  # i4
    laden: Array  # i1
    trailer: Array  # i4
    carrier: Array  # i4
    shipper: Array  # i4
    consignee: Array  # i4
    commodity: Array  # i1, index in routes.COMMODITIES
    declared_value: Array  # i8


def draw_freight(
    world: World, people: People, cast: Cast, rows: Rows, trip: Array, overrides: Overrides, rng: np.random.Generator
) -> Freight:
    """The columns for the rows whose body is a truck, in the order of the rows."""
    row = np.flatnonzero(np.isin(people.kind[rows.body], FREIGHT) & (cast.routes.carrier[rows.body] >= 0))
    routes, truck, way, n = cast.routes, rows.body[row], rows.direction[row], len(row)
    handle, carrier = rows.handle[row], routes.carrier[truck]
    count = routes.count[carrier]
    which = np.minimum(routes.favourite[truck, way], count - 1)
    which = np.where(rng.random(n) < world["other_route"], (rng.random(n) * count).astype(np.int64), which)
    at = (carrier, way, which)
    laden = (rng.random(n) < routes.laden[truck, way]) & (truck >= 0)
    cargo = routes.cargo_kg[at] * np.exp(routes.spread[at] * rng.standard_normal(n))
    trailer, tare = _trailers(world, people, cast, truck, trip[row], rng)
    own = routes.empty_kg[truck] * rng.normal(1, 0.012, n) + tare
    weight = own + laden * np.minimum(cargo, 36_000 - own)
    value = cargo * routes.value_kg[at] * rng.lognormal(0, 0.15, n)
    new = rng.random((2, n)) < world["new_party"]
    weight = np.rint(weight * _factor(rows, row, handle, overrides) / 10) * 10
    columns = Freight(
        row, weight.astype(np.int32), laden.astype(np.int8),
        trailer, carrier, np.where(new[0], NEW_PARTIES + np.arange(n), routes.shipper[at]).astype(np.int32),
        np.where(new[1], NEW_PARTIES + n + np.arange(n), routes.consignee[at]).astype(np.int32),
        routes.commodity[at], np.rint(value).astype(np.int64),
    )  # fmt: skip
    _finish(world, cast, rows, handle, columns, overrides, rng)
    return columns


def _factor(rows: Rows, row: Array, handle: Array, overrides: Overrides) -> Array:
    factor = rows.weight[row].astype(float)
    at, values = overrides.found("weight", handle)
    factor[at] *= np.array(values, float)
    return factor


def _trailers(
    world: World, people: People, cast: Cast, truck: Array, trip: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Number and weight of the trailer: mostly its own, else one of the carrier's; a haulier's is always a new one."""
    n, total = len(truck), len(people.kind)
    draw = rng.random((3, int(trip.max()) + 1 if n else 0))[:, trip]
    carrier = cast.routes.carrier[truck].astype(np.int64)
    fleet = np.bincount(carrier, minlength=len(cast.routes.count))[carrier]
    pool = total + carrier * 512 + (draw[1] * np.clip(fleet / 20, 2, 500)).astype(np.int64)
    trailer = np.where(draw[0] < world["own_trailer"], truck, pool)
    trailer = np.where(people.kind[truck] == HAULIER, NEW_TRAILERS + trip, trailer)
    there = (people.vehicle_class[truck] == 4) & (draw[2] > 0.02)  # a straight truck has none, a tractor nearly always
    return np.where(there, trailer, -1).astype(np.int32), np.where(there, cast.routes.tare_kg[truck], 0.0)


def _finish(
    world: World, cast: Cast, rows: Rows, handle: Array, columns: Freight, overrides: Overrides,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Leaves out what is not reported, and puts in what stories say. Who is empty carries nobody's goods."""
    row = columns.row
    port, direction = rows.port[row], rows.direction[row]
    at, values = overrides.found("laden", handle)
    columns.laden[at] = values
    empty = columns.laden < 1
    left_out = {group: rng.random(len(row)) < world["left_out"] for group in ("scale", "papers")}
    for f in fields(columns)[1:]:
        column = getattr(columns, f.name)
        group = "scale" if f.name == "weight_kg" else "papers"
        if f.name in {"shipper", "consignee", "commodity", "declared_value"}:
            column[empty] = -1
        column[left_out[group]] = -1
        at, values = overrides.found(f.name, handle)
        if len(at):
            column[at] = np.array([-1 if value is None else value for value in values])
        column[~cast.reported.mask(f.name, port, direction)] = -1
