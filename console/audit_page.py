"""What does an auditor see? What was done, by whom and why, filtered; whether the chain is whole; how people decide."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from console import audit, decisions
from console.audit import Entry, Wanted
from console.database import Database
from console.guard import LEAST_PURPOSE, MOST_PURPOSE, field, form_route, user_of
from console.site import page, site_of

MAY_LOOK = ("auditor", "supervisor", "admin")
PAGE = 100
FIELD_CHARACTERS = 128
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a cell of a spreadsheet more than text


def entries(request: Request) -> Response:
    """A page of the list; looking at it is in the list too."""
    user, site, wanted = user_of(request, *MAY_LOOK), site_of(request), _wanted(request.query_params.get)
    given = request.query_params.get("before", "")
    before = int(given) if given.isdigit() and len(given) < 19 else None
    with site.database.begin() as connection:
        some = audit.newest(connection, PAGE + 1, before=before, wanted=wanted)
        detail = wanted.said() | ({"before": before} if before is not None else {})
        audit.add(connection, site.now(), user.name, "audit.view", "audit", detail=detail)
    more = urlencode(wanted.said() | {"before": some[PAGE - 1].seq}) if len(some) > PAGE else None
    newest = None if before is None else urlencode(wanted.said())
    return page(
        request, "audit.html", {"entries": some[:PAGE], "wanted": wanted, "more": more, "newest": newest}
    )  # fmt: skip


def _wanted(get: Callable[[str, str], str]) -> Wanted:
    """The filter of a page or a form. 422 for what cannot be looked for."""
    wanted = Wanted(*(get(name, "").strip() for name in Wanted._fields))
    if max(len(text) for text in wanted) > FIELD_CHARACTERS:
        raise HTTPException(422, f"A field of the filter has {FIELD_CHARACTERS} characters at most.")
    try:
        wanted.where()
    except ValueError:
        raise HTTPException(422, "A day is written as 2026-11-02.") from None
    return wanted


def export(request: Request, form: FormData, connection: Connection) -> Response:
    """Everything that a filter finds, as a file; the last entry is that it was taken."""
    user, site, wanted = user_of(request), site_of(request), _wanted(lambda name, _: field(form, name))
    why, kind = field(form, "why").strip(), field(form, "kind")
    if not LEAST_PURPOSE <= len(why) <= MOST_PURPOSE:
        raise HTTPException(422, f"Say what the export is for, in {LEAST_PURPOSE} to {MOST_PURPOSE} characters.")
    if kind not in WRITERS:
        raise HTTPException(422, f"An export is {' or '.join(WRITERS)}.")
    detail = wanted.said() | {"kind": kind}
    done = audit.add(connection, site.now(), user.name, "audit.export", "audit", why=why, detail=detail)
    media, write = WRITERS[kind]
    name = f"linewatch-audit-{done.seq}.{kind}"
    return StreamingResponse(
        write(_pages(site.database, wanted, done.seq)), media_type=media,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


def _pages(database: Database, wanted: Wanted, upto: int) -> Iterator[list[Entry]]:
    """A transaction for each: who reads slowly keeps nobody waiting."""
    after = 0
    while True:
        with database.read() as connection:
            some = audit.following(connection, after, wanted, upto)
        if not some:
            return
        yield some
        after = some[-1].seq


def _lines(pages: Iterator[Sequence[Entry]]) -> Iterator[str]:
    for some in pages:
        yield "".join(json.dumps(entry._asdict(), ensure_ascii=False) + "\n" for entry in some)


def _table(pages: Iterator[Sequence[Entry]]) -> Iterator[str]:
    yield ",".join(Entry._fields) + "\r\n"
    for some in pages:
        text = io.StringIO()
        csv.writer(text).writerows([_cell(value) for value in entry] for entry in some)
        yield text.getvalue()


def _cell(value: int | str) -> int | str:
    """No formula, whatever somebody wrote as a reason."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


WRITERS: dict[str, tuple[str, Callable[[Iterator[Sequence[Entry]]], Iterator[str]]]] = {
    "jsonl": ("application/x-ndjson", _lines),
    "csv": ("text/csv", _table),
}


def chain(request: Request) -> Response:
    """Follow the chain from its beginning."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    with site.database.begin() as connection:
        found = audit.verify(connection)
        audit.add(connection, site.now(), user.name, "audit.verify", "audit", detail={"broken_at": found.broken_at})
    return page(request, "chain.html", {"found": found})


def how_decided(request: Request) -> Response:
    """How people decide, and how long they look."""
    user, site = user_of(request, *MAY_LOOK), site_of(request)
    given = request.query_params.get("days", "")
    days = int(given) if given in map(str, decisions.PERIODS) else decisions.PERIODS[0]
    with site.database.begin() as connection:
        meters = decisions.meters(connection, site.now() - days * audit.DAY_MS)
        audit.add(connection, site.now(), user.name, "decisions.view", "decisions", detail={"days": days})
    return page(request, "decisions.html", {"meters": meters, "days": days, "of": decisions})


ROUTES = [
    Route("/audit", entries),
    form_route("/audit/export", export, MAY_LOOK),
    Route("/audit/chain", chain),
    Route("/audit/decisions", how_decided),
]
