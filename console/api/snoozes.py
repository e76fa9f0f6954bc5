"""What can a program do with snoozes? List them, add, end one early."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from console import audit, snoozes
from console.api.bearer import SnoozesReader, SnoozesWriter
from console.api.inputs import SnoozeId, SnoozesPage, problems
from console.api.models import SnoozeAdd, SnoozeGiven, Snoozes, SnoozesMade

router = APIRouter(tags=["snoozes"])


@router.get("/snoozes")
def list_snoozes(caller: SnoozesReader, which: Annotated[SnoozesPage, Query()]) -> Snoozes:
    """The newest snoozes."""
    with caller.begin() as connection:
        found = snoozes.Snoozes(connection, caller.user, caller.site.now).all(**which.model_dump())
        subject = "snoozes" if which.vehicle is None else f"vehicle {which.vehicle}"
        audit.add(connection, caller.site.now(), caller.user.name, "snooze.list", subject)
    return Snoozes(snoozes=[SnoozeGiven.of(one) for one in found])


@router.post("/snoozes", status_code=201, responses=problems(409))
def add_snoozes(caller: SnoozesWriter, what: SnoozeAdd) -> SnoozesMade:
    """Hide a vehicle's alerts of these typologies; scoring goes on, and what is hidden can be listed."""
    with caller.begin() as connection:
        some = snoozes.Snoozes(connection, caller.user, caller.site.now)
        return SnoozesMade(snooze_ids=some.add(what.vehicle, what.typologies, what.days, what.why))


@router.post("/snoozes/{snooze_id}/end", status_code=204, responses=problems(409))
def end_snooze(caller: SnoozesWriter, snooze_id: SnoozeId) -> None:
    """End one early; what it hid waits again."""
    with caller.begin() as connection:
        snoozes.Snoozes(connection, caller.user, caller.site.now).end(snooze_id)
