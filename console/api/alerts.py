"""What can a program do with alerts? List them, look, take the next, decide, take back, assign: as the pages do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from sqlalchemy import Connection

from console import audit, listing
from console.api.bearer import AlertsReader, Assigner, Caller, Decider
from console.api.inputs import AlertId, AlertsPage, DispositionId, problems
from console.api.models import (
    Alerts,
    AlertWithDecisions,
    Assign,
    Decide,
    Decided,
    StandingAlert,
    Take,
    Undone,
)
from console.queue import ConflictError, Queue, history

router = APIRouter(tags=["alerts"])
NONE = "There is no such alert."


@router.get("/alerts", responses=problems(404))
def list_alerts(caller: AlertsReader, which: Annotated[AlertsPage, Query()]) -> Alerts:
    """Alerts that wait (in the order of the queue), are decided or are hidden by a snooze (newest first)."""
    with caller.begin() as connection:
        now, page = caller.site.now(), which.model_dump(include={"port", "limit", "cursor"})
        rows, following = listing.page(connection, which.state, now, **page)
        detail = {"state": which.state, "port": which.port, "count": len(rows)}
        audit.add(connection, now, caller.user.name, "alert.list", "alerts", detail=detail)
    return Alerts(alerts=[StandingAlert.of(row) for row in rows], next=following)


@router.post("/alerts/next", response_model=AlertWithDecisions, responses={204: {"description": "none waits"}})
def take_next_alert(caller: Decider, what: Take) -> AlertWithDecisions | Response:
    """Hold the first alert that nobody else holds or was given, for two minutes, and look at it."""
    with caller.begin() as connection:
        alert_id = Queue(connection, caller.user, caller.site.now).next(what.port)
        if alert_id is None:
            return Response(status_code=204)
        return _look(connection, caller, alert_id, hold=True)


@router.get("/alerts/{alert_id}", responses=problems(404))
def show_alert(caller: AlertsReader, alert_id: AlertId) -> AlertWithDecisions:
    """One alert, how it stands, and the decisions on it."""
    with caller.begin() as connection:
        return _look(connection, caller, alert_id, hold=False)


@router.post("/alerts/{alert_id}/hold", responses=problems(404, 409))
def hold_alert(caller: Decider, alert_id: AlertId) -> AlertWithDecisions:
    """Hold an alert for two minutes, or for two more: others see that and cannot decide it."""
    with caller.begin() as connection:
        found = _look(connection, caller, alert_id, hold=True)
    if found.decided_at is not None:
        raise ConflictError("It is decided already.")
    if found.held_by != caller.user.name:
        raise ConflictError(f"{found.held_by} is working on this alert.")
    return found


@router.post("/alerts/{alert_id}/leave", status_code=204)
def leave_alert(caller: Decider, alert_id: AlertId) -> None:
    """Let go of an alert; nothing happens where one does not hold it."""
    with caller.begin() as connection:
        Queue(connection, caller.user, caller.site.now).leave(alert_id)


@router.post("/alerts/{alert_id}/decide", status_code=201, responses=problems(404, 409))
def decide_alert(caller: Decider, alert_id: AlertId, what: Decide) -> Decided:
    """Decide an alert that one holds. The pipeline learns from it once it can no longer be taken back."""
    with caller.begin() as connection:
        if listing.one(connection, alert_id, caller.site.now()) is None:
            raise HTTPException(404, NONE)
        queue = Queue(connection, caller.user, caller.site.now)
        return Decided.of(queue.decide(alert_id, what.outcome, what.code, what.note.strip()))


@router.post("/alerts/{alert_id}/assign", status_code=204, responses=problems(409))
def assign_alert(caller: Assigner, alert_id: AlertId, what: Assign) -> None:
    """Give an alert to somebody, or to nobody in particular."""
    with caller.begin() as connection:
        Queue(connection, caller.user, caller.site.now).assign(alert_id, what.to)


@router.post("/decisions/{disposition_id}/undo", responses=problems(409))
def undo_decision(caller: Decider, disposition_id: DispositionId) -> Undone:
    """Take one's own decision back, within 30 s; the alert is open again, and held."""
    with caller.begin() as connection:
        return Undone(alert_id=Queue(connection, caller.user, caller.site.now).undo(disposition_id))


def _look(connection: Connection, caller: Caller, alert_id: str, *, hold: bool) -> AlertWithDecisions:
    """One alert; looking is noted."""
    seen = Queue(connection, caller.user, caller.site.now).open(alert_id, hold=hold)
    row = listing.one(connection, alert_id, caller.site.now())
    if seen is None or row is None:
        raise HTTPException(404, NONE)
    decisions = [Decided.of(one) for one in history(connection, alert_id)]
    return AlertWithDecisions(**dict(StandingAlert.of(row)), decisions=decisions)
