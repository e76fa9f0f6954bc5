"""What can a program learn of a vehicle? What is kept beside its alerts, for a purpose that is noted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from console import audit, vehicles
from console.api.bearer import VehiclesReader
from console.api.inputs import Vehicle, problems
from console.api.models import WRITTEN, At, Taken
from console.guard import LEAST_PURPOSE, MOST_PURPOSE
from schemas.models import Alert, moment_of

router = APIRouter(tags=["vehicles"])


class Purpose(Taken):
    """Why somebody looks. In the body, since addresses are kept in the logs of proxies."""

    why: Annotated[str, Field(min_length=LEAST_PURPOSE, max_length=MOST_PURPOSE, pattern=WRITTEN)]


class Crossing(BaseModel):
    """One of its crossings."""

    crossing_id: str
    occurred_at: At
    port: str
    lane: str
    direction: str
    lane_type: str
    vehicle_class: str


class Companion(BaseModel):
    """Another vehicle that crosses beside it; near in time at a large port is often chance."""

    vehicle: str
    days: int
    times: int


class FoundAlert(BaseModel):
    """One of its alerts."""

    alert: Alert
    outcome: str | None = Field(description="of the decision that stands")
    hidden: bool


class VehicleKnown(BaseModel):
    """Everything that is kept of it."""

    vehicle: str
    crossings: list[Crossing] = Field(description="oldest first")
    alerts: list[FoundAlert] = Field(description="newest first")
    companions: list[Companion]


@router.post("/vehicles/{vehicle}", responses=problems(404))
def show_vehicle(caller: VehiclesReader, vehicle: Vehicle, what: Purpose) -> VehicleKnown:
    """What is kept of a vehicle; the purpose is in the audit, also where nothing is known."""
    with caller.begin() as connection:
        known = vehicles.known(connection, vehicle)
        detail: dict[str, Any] = {"found": known}
        now, name = caller.site.now(), caller.user.name
        audit.add(connection, now, name, "vehicle.view", f"vehicle {vehicle}", why=what.why, detail=detail)
        crossings = vehicles.history(connection, vehicle)
        found = vehicles.alerts_of(connection, vehicle)
        company = vehicles.company(connection, vehicle)
    if not known:
        raise HTTPException(404, "Nothing is known of this vehicle. That you looked is in the audit.")
    return VehicleKnown(
        vehicle=vehicle,
        crossings=[Crossing(**one._asdict(), occurred_at=moment_of(one.occurred_ms)) for one in crossings],
        alerts=[FoundAlert(**one._asdict()) for one in found],
        companions=[Companion(**one._asdict()) for one in company.companions],
    )
