"""What do all pages share? The database, the clock, the feed, the templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from console.database import Database
from console.live import Live


class Site(NamedTuple):
    """In `request.app.state.site`."""

    database: Database
    now: Callable[[], int]  # ms since 1970
    live: Live
    templates: Jinja2Templates
    watermark: str  # DEMO, REPLAY or nothing


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site


def page(request: Request, name: str, values: dict[str, Any], status: int = 200) -> Response:
    """A template, with what every page shows."""
    site = site_of(request)
    common = {"session": getattr(request.state, "session", None), "watermark": site.watermark}
    return site.templates.TemplateResponse(request, name, common | values, status_code=status)
