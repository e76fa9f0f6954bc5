"""Which detectors are there? The explicit list: a new detector is one file and one line here."""

from __future__ import annotations

from detectors.base import Detector, Parameters
from detectors.dormant_reactivated import DormantReactivated
from detectors.frequency_burst import FrequencyBurst
from detectors.impossible_journey import ImpossibleJourney
from detectors.new_port import NewPort
from detectors.odd_hour import OddHour
from detectors.peer_outlier import PeerOutlier
from detectors.same_direction_repeat import SameDirectionRepeat
from detectors.turnaround import Turnaround

# in the order of their columns; vehicle stage first
VEHICLE_DETECTORS = (
    OddHour,
    NewPort,
    Turnaround,
    FrequencyBurst,
    DormantReactivated,
    SameDirectionRepeat,
    ImpossibleJourney,
)
PORT_DETECTORS = (PeerOutlier,)
DETECTORS = (*VEHICLE_DETECTORS, *PORT_DETECTORS)


def build(parameters: Parameters, names: tuple[str, ...] = ()) -> list[Detector]:
    """The detectors called `names` (all for none), in the order of their columns."""
    wanted = names or tuple(d.name for d in DETECTORS)
    vehicle: list[Detector] = [d(parameters) for d in VEHICLE_DETECTORS if d.name in wanted]
    port: list[Detector] = [d(len(vehicle)) for d in PORT_DETECTORS if d.name in wanted and vehicle]
    return vehicle + port
