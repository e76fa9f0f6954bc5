"""What does the integrity role see? The notices that are for it alone; nobody else does, not even the administrator."""

from __future__ import annotations

from sqlalchemy import desc, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console import audit
from console.guard import user_of
from console.site import page, site_of
from console.tables import notices
from schemas.models import Notice

AUDIENCE = "integrity"  # of the notices, and the name of the role
PAGE = 50
LAST_PAGE = 10_000


def list_notices(request: Request) -> Response:
    """Newest first; each look is in the audit, what was seen is not."""
    user, site = user_of(request, AUDIENCE), site_of(request)
    given = request.query_params.get("page", "")
    number = min(int(given), LAST_PAGE) if given.isdigit() and len(given) < 6 else 0
    wanted = select(notices.c.body).where(notices.c.audience == AUDIENCE)
    wanted = wanted.order_by(desc(notices.c.occurred_ms), notices.c.notice_id).limit(PAGE + 1).offset(PAGE * number)
    with site.database.begin() as connection:
        some = [Notice.model_validate_json(body) for body in connection.execute(wanted).scalars()]
        audit.add(connection, site.now(), user.name, "integrity.view", "integrity", detail={"page": number})
    more = number + 1 if len(some) > PAGE else None
    return page(request, "integrity.html", {"notices": some[:PAGE], "more": more, "number": number})


ROUTES = [Route("/integrity", list_notices)]
