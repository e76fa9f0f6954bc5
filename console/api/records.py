"""What else can a program read? Who it is itself, the notices, the audit."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query

from console import audit, notices
from console.api.bearer import Anybody, AuditReader, NoticesReader
from console.api.inputs import Page, problems
from console.api.models import AuditEntries, AuditEntry, Me, Notices
from console.cursor import read, write
from schemas.models import moment_of

router = APIRouter()


@router.get("/me", tags=["me"])
def show_me(caller: Anybody) -> Me:
    """Whose token it is, and what it may."""
    bearer = caller.bearer
    return Me(**bearer.user._asdict(), token=bearer.token_id, scopes=list(bearer.scopes))


@router.get("/notices", tags=["notices"], responses=problems(404))
def list_notices(caller: NoticesReader, which: Annotated[Page, Query()]) -> Notices:
    """What the pipeline says about readers, traffic and detectors, to the role of the token's user."""
    with caller.begin() as connection:
        found, following = notices.page(connection, caller.user.role, limit=which.limit, cursor=which.cursor)
        audit.add(connection, caller.site.now(), caller.user.name, "notice.list", "notices")
    return Notices(notices=found, next=following)


@router.get("/audit", tags=["audit"], responses=problems(404))
def list_audit(caller: AuditReader, which: Annotated[Page, Query()]) -> AuditEntries:
    """Who did what, when and why; looking at it is noted too."""
    before = None if which.cursor is None else int(read(which.cursor, "audit", (int,))[0])
    with caller.begin() as connection:
        some = audit.newest(connection, which.limit + 1, before=before)
        detail = {"before": str(before or "")}
        audit.add(connection, caller.site.now(), caller.user.name, "audit.view", "audit", detail=detail)
    more = len(some) > which.limit
    entries = [
        AuditEntry(**one._asdict() | {"at": moment_of(one.at_ms), "detail": json.loads(one.detail)})
        for one in some[: which.limit]
    ]
    return AuditEntries(entries=entries, next=write("audit", [some[which.limit - 1].seq]) if more else None)
