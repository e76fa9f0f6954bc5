"""What does the JSON API say of ports? Its models; null stands where too little is known to say anything."""

from __future__ import annotations

import math

from pydantic import BaseModel, Field

from console.api.models import At
from console.port_view import RATE, Reader, Series
from console.usual import HOUR_MS, LEAST, Flow, Range, Reading
from schemas.models import moment_of
from schemas.wire import Direction


class UsualRange(BaseModel):
    """Quartiles of the same hour of the week, on the port's clock, in the eight weeks before."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, usual: Range) -> UsualRange | None:
        """None with too few samples."""
        return cls(low=usual.low, median=usual.median, high=usual.high) if usual.samples >= LEAST else None


class PortFigures(BaseModel):
    """How a port does."""

    code: str
    name: str = Field(description="the code where the registry has no name")
    latitude: float | None
    longitude: float | None
    crossed: int = Field(description="crossings in the last full hour")
    usual: UsualRange | None
    flow: Flow
    waiting: int = Field(description="alerts that wait")
    alerts: int = Field(description="in the last 24 full hours")
    alert_rate: float | None = Field(description=f"those per {RATE:,} crossings; null where nothing crossed")
    reader_states: dict[Reading, int] = Field(
        description="how many readers that read anything at this hour are in which state"
    )
    notices: int = Field(description="in the last 24 hours")


class Ports(BaseModel):
    """A page of ports, by name."""

    hour: At = Field(description="beginning of the last full hour")
    ports: list[PortFigures]
    next: str | None = Field(description="cursor of the next page; null at the end")


class PortReader(BaseModel):
    """One lane's reader in one direction."""

    lane: str
    direction: Direction
    state: Reading
    last_read_at: At
    reads: int = Field(description="in the last full hour")
    usual: UsualRange | None
    confidence: float | None = Field(description="mean of the last full hour; null without a read")
    usual_confidence: float | None

    @classmethod
    def of(cls, one: Reader) -> PortReader:
        """From a row."""
        return cls(
            lane=one.lane, direction=one.direction, state=one.state, last_read_at=moment_of(one.last_ms),
            reads=one.reads, usual=UsualRange.of(one.usual), confidence=_or_null(one.confidence),
            usual_confidence=_or_null(one.usually),
        )  # fmt: skip


class FlowHour(BaseModel):
    """Crossings in an hour."""

    at: At = Field(description="its beginning")
    local: str = Field(description="the same on the port's clock, such as 2026-07-15T10:00")
    crossed: int
    usual: UsualRange | None


class FlowOf(BaseModel):
    """The last 48 full hours in one direction, oldest first."""

    direction: Direction
    hours: list[FlowHour]

    @classmethod
    def of(cls, direction: str, series: Series, end_ms: int) -> FlowOf:
        """From a series that ends at `end_ms`."""
        first_ms = end_ms - len(series.counts) * HOUR_MS
        hours = [
            FlowHour(
                at=moment_of(first_ms + k * HOUR_MS), local=f"{moment_of(local_ms):%Y-%m-%dT%H:%M}",
                crossed=count, usual=UsualRange.of(usual),
            )
            for k, (local_ms, count, usual) in enumerate(zip(*series, strict=True))
        ]  # fmt: skip
        return cls(direction=direction, hours=hours)


class TypologyAlerts(BaseModel):
    """How many alerts of 28 days name a typology; one may name several."""

    typology: str
    alerts: int


class OnePort(PortFigures):
    """A port, its readers (those in trouble first), its flow and what its alerts name (most first)."""

    hour: At = Field(description="beginning of the last full hour")
    readers: list[PortReader]
    hours: list[FlowOf] = Field(description="in each direction that the port has")
    typologies: list[TypologyAlerts]


def _or_null(number: float) -> float | None:
    return None if math.isnan(number) else round(number, 4)  # reads bring it in single precision
