"""What do trucks carry, and for whom? Carriers have routes: shipper, consignee, goods and a habitual weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.simulator.kinds import FREIGHT, HAULIER
from evaluation.simulator.people import People
from evaluation.simulator.ports import Array
from evaluation.simulator.world import World

COMMODITIES = (
    "0702", "0709", "0804", "0207", "1602", "2203", "2710", "3004", "3926", "4011", "4407", "4819", "7210", "7326",
    "8471", "8517", "8544", "8703", "8708", "9018", "9403", "9503",
)  # fmt: skip
_CARS = COMMODITIES.index("8703")
ROUTES = 5  # of a carrier and direction, at most


@dataclass(frozen=True, slots=True)
class Routes:
    """Carriers, their routes, and the trucks of each; route r of carrier c in direction d is at [c, d, r]."""

    carrier: Array  # i4[V], of each vehicle; -1 for who carries nothing
    favourite: Array  # i1[V, 2], the truck's route in each direction
    laden: Array  # f4[V, 2], share of trips with a load
    empty_kg: Array  # f4[V]
    tare_kg: Array  # f4[V], of the trailer
    count: Array  # i1[C], routes of a carrier
    shipper: Array  # i4[C, 2, ROUTES]
    consignee: Array  # i4[C, 2, ROUTES]
    commodity: Array  # i1[C, 2, ROUTES]
    cargo_kg: Array  # f4[C, 2, ROUTES]
    spread: Array  # f4[C, 2, ROUTES], of the log of the cargo
    value_kg: Array  # f4[C, 2, ROUTES], dollars a kilogram

    def copy(self, source: int, target: int) -> None:
        """Gives one truck the work of another."""
        for name in ("carrier", "favourite", "laden", "empty_kg", "tare_kg"):
            getattr(self, name)[target] = getattr(self, name)[source]


def draw_routes(world: World, people: People, rng: np.random.Generator) -> Routes:
    """Carriers of very different size, shippers and consignees that several of them serve."""
    n = len(people.kind)
    trucks = np.isin(people.kind, FREIGHT)
    carriers = max(2, int(trucks.sum() / rng.uniform(5, 12)))
    size = rng.lognormal(0, 1.0, carriers)
    carrier = np.where(trucks, rng.choice(carriers, n, p=size / size.sum()), -1)
    hauls = np.zeros(carriers, bool)  # cars are carried by carriers that carry nothing else
    hauls[: max(1, carriers // 20)] = True
    hauliers = np.flatnonzero(people.kind == HAULIER)
    others = np.flatnonzero(trucks & (people.kind != HAULIER))
    carrier[hauliers] = rng.integers(0, hauls.sum(), len(hauliers))
    carrier[others] = np.where(
        hauls[carrier[others]], rng.integers(hauls.sum(), carriers, len(others)), carrier[others]
    )
    shape = (carriers, 2, ROUTES)
    parties = max(4, carriers)
    commodity = rng.integers(0, len(COMMODITIES), shape)
    commodity[hauls] = _CARS
    return Routes(
        carrier=carrier.astype(np.int32),
        favourite=np.minimum(rng.geometric(0.6, (n, 2)) - 1, ROUTES - 1).astype(np.int8),
        laden=np.clip(rng.beta(2, 1.2, (n, 2)) + world["laden"] - 0.62, 0.02, 0.99).astype(np.float32),
        empty_kg=np.where(people.vehicle_class == 4, rng.normal(8_600, 600, n), rng.normal(7_000, 1_500, n))
        .clip(3_500, 12_000).astype(np.float32),
        tare_kg=np.where(people.vehicle_class == 4, rng.normal(6_400, 500, n), 0).clip(0, 9_000).astype(np.float32),
        count=np.minimum(rng.geometric(0.45, carriers), ROUTES).astype(np.int8),
        shipper=(rng.zipf(1.6, shape) % parties).astype(np.int32),
        consignee=rng.integers(0, parties, shape).astype(np.int32),
        commodity=commodity.astype(np.int8),
        cargo_kg=rng.normal(13_000, 4_500, shape).clip(1_200, 24_000).astype(np.float32),
        spread=(world["weight_spread"] * rng.lognormal(0, 0.5, shape)).astype(np.float32),
        value_kg=rng.lognormal(1.2, 1.0, shape).astype(np.float32),
    )  # fmt: skip
