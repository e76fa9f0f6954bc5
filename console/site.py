"""What do all pages share? The database, the clock, the feed, the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from console.database import Database
from console.live import Live
from console.tables import alerts, crossings
from schemas.models import Alert
from schemas.ports import Ports


class Border(NamedTuple):
    """What the console is told of the border that it is for."""

    ports: Ports
    budget_per_hour: float = 6.0  # alerts that a port's threshold aims at, of all its operators
    pseudonym: Callable[[str, str], str] | None = None  # of a plate and its jurisdiction; None: there is no key here


class Site(NamedTuple):
    """In `request.app.state.site`."""

    database: Database
    now: Callable[[], int]  # ms since 1970
    live: Live
    templates: Jinja2Templates
    watermark: str  # DEMO, REPLAY or nothing
    border: Border

    def border_now(self, connection: Connection) -> int:
        """What time it is at the border, ms since 1970: where it is not live, that of the newest known there."""
        if not self.watermark:
            return self.now()
        times = (alerts.c.occurred_ms, crossings.c.occurred_ms)
        newest = [connection.execute(select(func.max(column))).scalar() for column in times]
        return max([int(at) for at in newest if at is not None], default=self.now())

    def zone_of(self, port: str) -> dt.tzinfo:
        """The zone of a port's wall clock; the registry's default for one it does not know."""
        return self.border.ports.zone_of(port)


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site


def page(request: Request, name: str, values: dict[str, Any], status: int = 200) -> Response:
    """A template, with what every page shows."""
    site = site_of(request)

    def local(alert: Alert) -> dt.datetime:
        return alert.occurred_at.astimezone(site.zone_of(alert.port))

    common = {"session": getattr(request.state, "session", None), "watermark": site.watermark, "local": local}
    return site.templates.TemplateResponse(request, name, common | values, status_code=status)
