"""Which oddities are planted, and in whose life? The table of all stories; what each looks like is in `stories_*.py`.

Every typology that is said of vehicles has a row, and one row is an organisation, whose crossings have many labels.
"""

from __future__ import annotations

from evaluation.simulator.organisations import organisation
from evaluation.simulator.people import BUS, COMMUTER, OCCASIONAL, RENTAL, SHIFT, SHOPPER, TRUCKER
from evaluation.simulator.plant import LABELS, Story
from evaluation.simulator.stories_pairs import convoy, linked_to_seizure, recurrent_group, spotter
from evaluation.simulator.stories_place import (
    flow_imbalance,
    impossible_journey,
    new_port,
    peer_outlier,
    port_shopping,
    same_direction_repeat,
)
from evaluation.simulator.stories_said import (
    driver_churn,
    fresh_registration,
    lane_switch,
    officer_affinity,
    read_evasion,
    rental_short_hold,
    trusted_lane,
    vehicle_mismatch,
)
from evaluation.simulator.stories_time import (
    broken_routine,
    dormant_reactivated,
    frequency_burst,
    long_stay,
    new_vehicle_ramp,
    night_choke_point,
    odd_hour,
    outbound_run,
    quick_turnaround,
    shift_change,
)
from evaluation.simulator.stories_truck import (
    empty_mismatch,
    party_burst,
    party_novelty,
    trailer_novelty,
    weight_delta,
)

__all__ = ["LABELS", "STORIES"]

_HABIT = (COMMUTER, SHIFT, SHOPPER)
_MOST = (*_HABIT, TRUCKER)
_ANY = (*_MOST, OCCASIONAL)
# label, story, who plays it, labels it makes, crossings needed
STORIES: tuple[Story, ...] = (
    Story("odd_hour", odd_hour, _HABIT, 2, 16),
    Story("quick_turnaround", quick_turnaround, _MOST, 1, 12),
    Story("long_stay", long_stay, _MOST, 1, 12),
    Story("night_choke_point", night_choke_point, (COMMUTER, SHOPPER), 8, 20, days=21),
    Story("frequency_burst", frequency_burst, _ANY, 8, 8),
    Story("dormant_reactivated", dormant_reactivated, _ANY, 4, 8, days=60),
    Story("new_vehicle_ramp", new_vehicle_ramp, (OCCASIONAL,), 9, 2, days=30),
    Story("broken_routine", broken_routine, (COMMUTER, SHIFT), 2, 24),
    Story("shift_change", shift_change, (SHOPPER, COMMUTER), 4, 16, days=45),
    Story("outbound_run", outbound_run, _ANY, 1, 8),
    Story("new_port", new_port, _HABIT, 2, 16, ports=3),
    Story("port_shopping", port_shopping, (COMMUTER, SHIFT), 6, 24, ports=5),
    Story("impossible_journey", impossible_journey, (*_ANY, BUS), 2, 6, ports=2),
    Story("same_direction_repeat", same_direction_repeat, _MOST, 2, 8),
    Story("flow_imbalance", flow_imbalance, _HABIT, 3, 12, days=40),
    Story("peer_outlier", peer_outlier, (COMMUTER, SHOPPER), 2, 16),
    Story("trusted_lane", trusted_lane, _HABIT, 2, 16),
    Story("lane_switch", lane_switch, _HABIT, 2, 12),
    Story("officer_affinity", officer_affinity, _HABIT, 6, 16, days=21),
    Story("read_evasion", read_evasion, _ANY, 4, 10, days=21),
    Story("fresh_registration", fresh_registration, (SHOPPER, OCCASIONAL), 2, 8, days=21),
    Story("vehicle_mismatch", vehicle_mismatch, _ANY, 2, 8),
    Story("driver_churn", driver_churn, _MOST, 4, 12, days=21),
    Story("rental_short_hold", rental_short_hold, (RENTAL,), 1, 4),
    Story("weight_delta", weight_delta, (TRUCKER,), 1, 10),
    Story("empty_mismatch", empty_mismatch, (TRUCKER,), 1, 10),
    Story("trailer_novelty", trailer_novelty, (TRUCKER,), 2, 10),
    Story("party_novelty", party_novelty, (TRUCKER,), 1, 10),
    Story("party_burst", party_burst, (TRUCKER,), 5, 6),
    Story("convoy", convoy, (COMMUTER, SHOPPER), 12, 12, days=30),
    Story("recurrent_group", recurrent_group, (COMMUTER, SHOPPER, SHIFT), 14, 12, days=30),
    Story("spotter", spotter, (COMMUTER, SHIFT, TRUCKER), 10, 20, days=50),
    Story("linked_to_seizure", linked_to_seizure, (SHOPPER, COMMUTER, SHIFT), 4, 12, days=40),
    Story("organisation", organisation, (SHOPPER, COMMUTER), 18, 12, ports=3, days=40),
)
