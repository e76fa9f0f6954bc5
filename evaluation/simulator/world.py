"""What is the same for all vehicles of one generated border? Its constants, each drawn from a range once a seed.

Nothing here is a constant: every share and rate has a range, so that a detector cannot be fitted to one set of numbers.
Where no public figure is known, the ranges are wide and a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RANGES: dict[str, tuple[float, float]] = {
    # who there is; freight and buses follow from the ports' volumes
    "share_commuter": (0.04, 0.09),  # of vehicles, when no number of crossings is asked for
    "share_shift": (0.008, 0.02),
    "share_shopper": (0.06, 0.14),
    "share_school": (0.003, 0.012),
    "share_rental": (0.01, 0.04),
    "share_haulier": (0.02, 0.08),  # of trucks
    "share_tour": (0.3, 0.7),  # of buses
    "live_inside": (0.35, 0.6),  # of passenger vehicles: live on this side
    "trusted": (0.15, 0.4),  # of the regulars
    "household": (0.03, 0.09),  # of the occasional: the second car of a regular
    "turnover": (0.05, 0.16),  # of vehicles, a quarter: first or last seen inside the log
    # when they cross
    "attendance": (0.78, 0.93),  # mean share of working days worked
    "leave_probability": (0.2, 0.6),  # of one block of leave a quarter
    "commuter_hour": (6.0, 8.0),
    "commuter_hour_spread": (0.9, 1.8),
    "commuter_stay_h": (8.6, 9.8),
    "jitter_h": (0.12, 0.35),  # median of the personal jitter of the hour
    "shift_hour": (18.5, 22.5),
    "shift_stay_h": (8.5, 12.3),
    "shopper_hour": (10.5, 14.0),
    "shopper_week": (0.35, 0.7),  # mean probability of shopping in a week
    "shopper_stay_h": (1.4, 3.2),
    "school_hour": (6.9, 7.8),
    "truck_week": (1.2, 3.0),  # median round trips a week
    "truck_stay_h": (4.0, 14.0),
    "truck_night": (0.2, 0.4),  # of trucks: at any hour
    "occasional_quarter": (1.0, 1.9),  # median trips in 90 days
    "occasional_stay_h": (9.0, 26.0),
    "occasional_spread": (0.5, 0.9),
    "own_hour": (0.25, 0.6),  # of occasional trips: at the traveller's hour, not at the port's
    "hour_power": (0.4, 0.75),  # flow as a power of the delay
    "other_port": (0.006, 0.03),  # median personal probability of another port than the home port
    "odd_day": (0.004, 0.02),  # of regular trips: at another hour, for a reason of their own
    "habit_change": (0.03, 0.08),  # of regulars, a quarter
    "one_day_trip": (0.01, 0.04),  # of regulars, a quarter
    "holiday_wave": (1.6, 3.5),  # factor on occasional travel around a public holiday, the greatest of them
    "weekend": (1.0, 1.3),  # the same at weekends, beyond the shape of the week
    # what happens to ports
    "bridge": (0.0, 1.0),  # one opens inside the log where this is below BRIDGE
    "closure": (0.0, 1.0),  # one closes and opens again where this is below CLOSURE
    "divert": (0.5, 0.9),  # of trips over a closed port: go over another
    "adopt": (0.35, 0.75),  # of the regulars near a new bridge: change to it
    # what the readers make of it
    "missed_read": (0.005, 0.03),  # mean over ports
    "misread": (0.001, 0.006),  # plate read as another
    "confusable": (0.01, 0.06),  # of misreads: the other plate exists
    "outages": (0.2, 0.8),  # reader outages a port and quarter
    "duplicate": (0.0002, 0.002),
    "late": (0.002, 0.01),  # arrives out of order by less than 250 ms
    "very_late": (0.00002, 0.0002),  # by up to some minutes
    # which fields there are and how well they are kept
    "reported": (0.6, 0.97),  # of ports: report a group of fields
    "left_out": (0.001, 0.015),  # of single values of a reported field
    "wrong_model": (0.002, 0.015),  # make and model misjudged by the camera
    "wrong_colour": (0.004, 0.03),
    "wrong_class": (0.0002, 0.0015),
    # papers and people
    "fresh": (0.01, 0.04),  # of vehicles: registered shortly before or during the log
    "sold": (0.01, 0.04),  # of vehicles, a quarter: change hands during the log
    "second_driver": (0.3, 0.6),  # of private vehicles
    "relief_driver": (0.03, 0.12),  # of truck trips
    "own_trailer": (0.55, 0.9),  # of tractor trips
    "laden": (0.6, 0.85),
    "weight_spread": (0.04, 0.12),  # habitual, of a route, as a share
    "other_route": (0.01, 0.05),  # of truck trips: another route of the carrier
    "new_party": (0.001, 0.006),  # of laden trips: a shipper or consignee nobody knows
    "twelve_hours": (0.1, 0.5),  # how likely officers work 12 hours, not 8
    "officers": (1.1, 1.7),  # a team, for each booth
    "wait_scale_s": (120.0, 500.0),
    "inspection_s": (35.0, 75.0),  # median of a car
    # further ones stand at the end, so that the worlds of known seeds stay
    "adopt_days": (2.0, 10.0),  # mean, from the opening of a bridge to its first use
}
BRIDGE, CLOSURE = 0.45, 0.5


@dataclass(frozen=True, slots=True)
class World:
    """The constants of one generated border, by the names of `RANGES`."""

    values: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    @classmethod
    def draw(cls, rng: np.random.Generator, fixed: Mapping[str, float] | None = None) -> World:
        """One world, drawn in the order of the table; `fixed` takes the place of what was drawn, whatever its range.

        Raises ValueError for a name that is not in the table.
        """
        drawn = {name: float(rng.uniform(low, high)) for name, (low, high) in RANGES.items()}
        if unknown := set(fixed or ()) - set(drawn):
            raise ValueError(f"no constant of a world is called {', '.join(sorted(unknown))}")
        return cls(drawn | dict(fixed or {}))
