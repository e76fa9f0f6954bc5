"""What does an auditor see? Everything that was done, newest first, and whether the chain is whole."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console import audit
from console.guard import user_of
from console.site import page, site_of

MAY_LOOK = ("auditor", "supervisor", "admin")
PAGE = 100


def entries(request: Request) -> Response:
    """A page of the list; looking at it is in the list too."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    before = request.query_params.get("before", "")
    with site.database.begin() as connection:
        some = audit.newest(connection, PAGE, before=int(before) if before.isdigit() and len(before) < 19 else None)
        audit.add(connection, site.now(), user.name, "audit.view", "audit", detail={"before": before})
    return page(request, "audit.html", {"entries": some, "more": len(some) == PAGE})


def chain(request: Request) -> Response:
    """Follow the chain from its beginning."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    with site.database.begin() as connection:
        found = audit.verify(connection)
        audit.add(connection, site.now(), user.name, "audit.verify", "audit", detail={"broken_at": found.broken_at})
    return page(request, "chain.html", {"found": found})


ROUTES = [Route("/audit", entries), Route("/audit/chain", chain)]
