"""What is under the plate, and who drives it? Make, model, colour, dates of registration and drivers of each.

The makes and models are common ones in rough order of how often they are seen; nothing rests on the shares.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from evaluation.simulator.kinds import BUS, FREIGHT, OCCASIONAL, RENTAL, TOUR
from evaluation.simulator.people import People
from evaluation.simulator.ports import DAY_MS, Array, Places
from evaluation.simulator.world import World
from schemas.batch import NO_DAY

_CARS = (
    "Ford F-150,Toyota Corolla,Honda Civic,Toyota Camry,Chevrolet Silverado,Toyota RAV4,Nissan Rogue,Honda CR-V,"
    "Ram 1500,"
    "Honda Accord,Nissan Sentra,Toyota Tacoma,Jeep Wrangler,Hyundai Elantra,Nissan Altima,Kia Sorento,Subaru Outback,"
    "Ford Escape,Chevrolet Equinox,Mazda CX-5,Volkswagen Jetta,Hyundai Tucson,GMC Sierra,Ford Explorer,Kia Forte,"
    "Subaru Forester,Dodge Caravan,Toyota Highlander,Chevrolet Malibu,Jeep Cherokee,Nissan Versa,BMW X3,"
    "Volkswagen Tiguan,"
    "Honda Pilot,Toyota Sienna,Chevrolet Tahoe,Mazda 3,Hyundai Santa Fe,Tesla Model 3,Audi Q5"
)
_MODELS = {  # by index in VEHICLE_CLASSES
    0: _CARS,
    1: "Harley-Davidson Touring,Honda Gold Wing,BMW R1250,Yamaha MT-07,Kawasaki Ninja",
    2: "Prevost H3-45,MCI J4500,Van Hool CX45,Blue Bird Vision,Irizar i6",
    3: "Freightliner M2,Isuzu NPR,Hino 268,International MV,Ford F-650",
    4: "Freightliner Cascadia,Kenworth T680,Peterbilt 579,Volvo VNL,International LT,Mack Anthem,Western Star 4900",
    5: "Ford Transit,Winnebago Vista,Mercedes Sprinter,Ram ProMaster,Thor Chateau",
}
MODELS: tuple[tuple[str, str, int], ...] = tuple(  # make, model, class
    (name.split(" ", 1)[0], name.split(" ", 1)[1], of) for of, names in _MODELS.items() for name in names.split(",")
)
COLOURS = ("white", "black", "grey", "silver", "red", "blue", "brown", "green", "beige", "orange", "yellow")
_COLOUR_SHARES = (0.26, 0.21, 0.17, 0.11, 0.09, 0.09, 0.02, 0.02, 0.015, 0.01, 0.005)
DRIVERS = 6  # at most so many share a vehicle


@dataclass(frozen=True, slots=True)
class Bodies:
    """One entry a vehicle."""

    model: Array  # i2, index in MODELS
    colour: Array  # i1, index in COLOURS
    registered_on: Array  # i4, days since 1970
    owner_changed_on: Array  # i4, the last time, also if still to come
    owner_before: Array  # i4, the time before; NO_DAY for none
    rental: Array  # bool
    party: Array  # f4, mean number of people beside the driver
    drivers: Array  # i4[V, DRIVERS], numbers of persons, -1 where fewer
    main: Array  # f4, share of the first driver

    def copy(self, source: int, target: int) -> None:
        """Gives one vehicle all that another has."""
        for f in fields(self):
            getattr(self, f.name)[target] = getattr(self, f.name)[source]


def draw_bodies(world: World, people: People, places: Places, days: int, rng: np.random.Generator) -> Bodies:
    """Bodies for all of the people."""
    n = len(people.kind)
    registered, owner, before = _papers(world, people, places.start_ms // DAY_MS, days, rng)
    drivers, main = _drivers(world, people, rng)
    family = rng.gamma(1.2, 0.6, n)
    party = np.select(
        [np.isin(people.kind, FREIGHT), people.kind == BUS, people.kind == TOUR, people.rate > 0.5],
        [np.full(n, 0.05), rng.uniform(5, 25, n), rng.uniform(20, 45, n), 0.3 * family],
        family,
    )
    return Bodies(
        draw_models(people.vehicle_class, rng), rng.choice(len(COLOURS), n, p=np.array(_COLOUR_SHARES)).astype(np.int8),
        registered, owner, before, people.kind == RENTAL, party.astype(np.float32), drivers, main,
    )  # fmt: skip


def draw_models(vehicle_class: Array, rng: np.random.Generator) -> Array:
    """A model of its class for each; the first names of a class are the common ones."""
    model = np.empty(len(vehicle_class), np.int16)
    for of in _MODELS:
        index = np.array([i for i, entry in enumerate(MODELS) if entry[2] == of])
        share = 1 / (4 + np.arange(len(index)))
        mine = np.flatnonzero(vehicle_class == of)
        model[mine] = rng.choice(index, len(mine), p=share / share.sum())
    return model


def _papers(
    world: World, people: People, today: int, days: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Days of registration and of the last two changes of owner; most are years ago, a few innocently fresh."""
    n = len(people.kind)
    coming = np.isfinite(people.enters)
    first = today + np.where(coming, people.enters, 0.0)
    age = np.where(people.kind == RENTAL, rng.uniform(20, 900, n), 45 + rng.gamma(1.6, 1500, n))
    fresh = (rng.random(n) < world["fresh"]) | (coming & (rng.random(n) < 0.4))
    registered = np.floor(first - np.where(fresh, rng.uniform(1, 40, n), age))
    second_hand = rng.random(n) < 0.5
    before = registered + rng.random(n) * np.maximum(today - 90 - registered, 0)
    before = np.where(second_hand & (registered < today - 120), np.floor(before), NO_DAY)
    sold = (rng.random(n) < world["sold"] * days / 90) & (people.kind != RENTAL)
    owner = np.where(sold, np.floor(np.maximum(today + rng.uniform(-40, days, n), registered)), before)
    return registered.astype(np.int32), owner.astype(np.int32), before.astype(np.int32)


def _drivers(world: World, people: People, rng: np.random.Generator) -> tuple[Array, Array]:
    """One drives most; households share, buses rotate; rented vehicles have a new driver each trip (`fields`)."""
    n = len(people.kind)
    several = 1 + np.where(rng.random(n) < world["second_driver"], rng.geometric(0.75, n), 0)
    bus, truck = np.isin(people.kind, (BUS, TOUR)), np.isin(people.kind, FREIGHT)
    count = np.select([bus, truck], [rng.integers(3, 7, n), rng.integers(2, 5, n)], several).clip(1, DRIVERS)
    drivers = rng.permutation(n * DRIVERS).reshape(n, DRIVERS)
    led = np.flatnonzero(people.leader >= 0)
    drivers[led, :2] = drivers[people.leader[led], 1::-1]  # the second car: the same two, the other way round
    count[led] = np.maximum(count[led], 2)
    drivers[np.arange(DRIVERS) >= count[:, None]] = -1
    main = np.where(truck, 1 - world["relief_driver"] * rng.gamma(2, 0.5, n), rng.beta(8, 1.2, n))
    main = np.where(people.kind == OCCASIONAL, rng.beta(5, 1.2, n), main)
    return drivers.astype(np.int32), np.where(bus, 1 / count, main).clip(0.05, 1.0).astype(np.float32)
