"""Which detectors are there? The explicit list: a new detector is one file and one line here."""

from __future__ import annotations

from detectors.base import Detector, Parameters
from detectors.broken_routine import BrokenRoutine
from detectors.convoy import Convoy
from detectors.dormant_reactivated import DormantReactivated
from detectors.driver_churn import DriverChurn
from detectors.empty_mismatch import EmptyMismatch
from detectors.flow_imbalance import FlowImbalance
from detectors.frequency_burst import FrequencyBurst
from detectors.fresh_registration import FreshRegistration
from detectors.impossible_journey import ImpossibleJourney
from detectors.lane_switch import LaneSwitch
from detectors.linked_to_seizure import LinkedToSeizure
from detectors.new_port import NewPort
from detectors.new_vehicle_ramp import NewVehicleRamp
from detectors.night_choke_point import NightChokePoint
from detectors.odd_hour import OddHour
from detectors.officer_affinity import OfficerAffinity
from detectors.outbound_run import OutboundRun
from detectors.party_burst import PartyBurst
from detectors.party_novelty import PartyNovelty
from detectors.peer_outlier import PeerOutlier
from detectors.port_shopping import PortShopping
from detectors.read_evasion import ReadEvasion
from detectors.recurrent_group import RecurrentGroup
from detectors.rental_short_hold import RentalShortHold
from detectors.same_direction_repeat import SameDirectionRepeat
from detectors.shift_change import ShiftChange
from detectors.spotter import Spotter
from detectors.trailer_novelty import TrailerNovelty
from detectors.trusted_lane import TrustedLane
from detectors.turnaround import Turnaround
from detectors.vehicle_mismatch import VehicleMismatch
from detectors.weight_delta import WeightDelta

# in the order of their columns; vehicle stage first
VEHICLE_DETECTORS = (
    OddHour,
    NewPort,
    Turnaround,
    FrequencyBurst,
    DormantReactivated,
    SameDirectionRepeat,
    ImpossibleJourney,
    NightChokePoint,
    ReadEvasion,
    PortShopping,
    RentalShortHold,
    LaneSwitch,
    ShiftChange,
    OutboundRun,
    FlowImbalance,
    TrustedLane,
    NewVehicleRamp,
    OfficerAffinity,
    BrokenRoutine,
    TrailerNovelty,
    DriverChurn,
    VehicleMismatch,
    WeightDelta,
    EmptyMismatch,
    FreshRegistration,
    PartyBurst,
    PartyNovelty,
)
PORT_DETECTORS = (PeerOutlier, Convoy, RecurrentGroup, Spotter, LinkedToSeizure)
DETECTORS = (*VEHICLE_DETECTORS, *PORT_DETECTORS)


# whose answers the trees of `peer_outlier` look at: questions that can be asked of almost any crossing
FEATURES = tuple(d.name for d in VEHICLE_DETECTORS[:7])


def build(parameters: Parameters, names: tuple[str, ...] = ()) -> list[Detector]:
    """The detectors called `names` (all for none), in the order of their columns."""
    wanted = names or tuple(d.name for d in DETECTORS)
    features = sum(name in wanted for name in FEATURES)
    detectors: list[Detector] = []
    for kind in DETECTORS:
        if kind.name not in wanted or (kind is ShiftChange and not parameters.shift_changes):
            continue
        if kind is not PeerOutlier:
            detectors.append(kind(parameters))  # type: ignore[arg-type]  # PeerOutlier aside, all take the parameters
        elif features:
            detectors.append(PeerOutlier(features))
    return detectors
