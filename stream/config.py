"""What may change the results of a pipeline? Plain values only; `ops/settings.py` fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RiverSpec:
    """A river anomaly detector from the configuration, by its dotted name."""

    name: str
    path: str  # "river.anomaly.HalfSpaceTrees"
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineConfig:
    """See `ops/settings.py` for what each means to an operator."""

    lateness_ms: int = 250
    half_life_days: float = 60.0
    budget_per_hour: float = 6.0
    budget_cap_per_hour: int = 12
    operators: int = 1
    floor_p: float = 1e-3
    detectors: tuple[str, ...] = ()  # names; () = all
    river_detectors: tuple[RiverSpec, ...] = ()
    shift_changes: tuple[int, ...] = ()  # minutes after local midnight
    control_share: float = 1e-3
    control_key: bytes = field(default=bytes(16), repr=False)  # secret: who looks must not know who was drawn
    max_vehicles: int = 12_000_000
    forget_after_days: int = 400
    config_id: str = "sha256:" + "0" * 64
