"""What does an auditor find, and what may be taken away? The list filtered, page by page, and as a file."""

from __future__ import annotations

import csv
import io
import json

import pytest
from starlette.applications import Starlette

from console import audit, audit_page
from console.app import make_app
from console.audit import BEGINNING, DAY_MS, Entry, digest
from console.database import Database
from tests.console.stored import Clock, user
from tests.console.test_app import Browser

WHY = "the yearly review"


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """Two days of entries."""
    for name, role in (("aud", "auditor"), ("ana", "operator")):
        user(database, clock, name, role)
    with database.begin() as connection:
        for k in range(1, 7):
            audit.add(connection, clock(), "ana", "alert.view", f"alert a-{k}")
        clock.ms += DAY_MS
        audit.add(connection, clock(), "ana", "alert.decide", "alert a-1", why="=1+1, 100% sure")
        audit.add(connection, clock(), "ben", "alert.decide", "alert a-10")
    return make_app(database, clock)


@pytest.fixture
def aud(app: Starlette) -> Browser:
    """An auditor."""
    browser = Browser(app)
    browser.log_in("aud")
    return browser


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user=ben", 1),
        ("user=be", 0),
        ("user=ana&action=alert.", 7),
        ("action=alert.decide", 2),
        ("subject=alert+a-1", 3),
        ("action=alert.&day=2026-11-02", 6),
        ("action=alert.&day=2026-11-03", 2),
        ("action=a%25", 0),
        ("action=alert_view", 0),
    ],
)
def test_the_list_is_filtered(query: str, expected: int, aud: Browser, database: Database) -> None:
    """By who, what, to what and the day; what was looked for is in the list."""
    page = aud.get(f"/audit?{query}").text
    assert expected == page.count("<td>alert.")
    with database.read() as connection:
        last = audit.newest(connection, 1)[0]
    assert "audit.view" == last.action
    assert len(query.split("&")) == len(json.loads(last.detail))


def test_the_list_goes_on_page_by_page(aud: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the filter; the last page leads nowhere but back."""
    monkeypatch.setattr(audit_page, "PAGE", 3)
    first = aud.get("/audit?action=alert.&user=ana").text
    assert ["alert a-1", "alert a-6", "alert a-5"] == subjects(first)
    (link,) = [part.split('"')[0] for part in first.split('href="') if "before" in part]
    second = aud.get(link.replace("&amp;", "&")).text
    assert ["alert a-4", "alert a-3", "alert a-2"] == subjects(second)
    assert "Newest" in second
    (link,) = [part.split('"')[0] for part in second.split('href="') if "before" in part]
    third = aud.get(link.replace("&amp;", "&")).text
    assert ["alert a-1"] == subjects(third)
    assert "Earlier" not in third


def subjects(page: str) -> list[str]:
    """Of the entries on a page."""
    return [part.split("<")[0] for part in page.split("<td><code>")[1:]]


@pytest.mark.parametrize("query", ["day=yesterday", "day=2026-13-01", "subject=" + "x" * 200])
def test_what_cannot_be_looked_for_is_said(query: str, aud: Browser) -> None:
    """No error of the server."""
    assert 422 == aud.get(f"/audit?{query}").status_code
    assert "problem" in aud.page.text


def test_an_export_can_be_verified_by_itself(aud: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON lines: every hash follows from the line before; the last says who took it, and why. Read in many pieces."""
    monkeypatch.setattr(audit, "PAGE", 2)
    aud.get("/audit")
    answer = aud.post("/audit/export", kind="jsonl", why=WHY)
    assert 200 == answer.status_code
    some = [Entry(**json.loads(line)) for line in answer.text.splitlines()]
    assert [entry.hash for entry in some] == [
        digest(before, entry) for before, entry in zip([BEGINNING, *(one.hash for one in some)], some, strict=False)
    ]
    assert ("aud", "audit.export", WHY) == (some[-1].user, some[-1].action, some[-1].why)
    assert f'filename="linewatch-audit-{some[-1].seq}.jsonl"' in answer.headers["content-disposition"]


def test_an_export_for_a_spreadsheet_holds_no_formula(aud: Browser) -> None:
    """Only what the filter finds; what somebody wrote as a reason stays text."""
    aud.get("/audit")
    answer = aud.post("/audit/export", kind="csv", why=WHY, action="alert.", user="ana", day="2026-11-03")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert "'=1+1, 100% sure" == row["why"]
    assert list(Entry._fields) == list(row)


@pytest.mark.parametrize(("kind", "why"), [("csv", ""), ("csv", "me"), ("exe", WHY)])
def test_an_export_needs_a_purpose(kind: str, why: str, aud: Browser, database: Database) -> None:
    """And a kind that there is; otherwise nothing is taken, and nothing noted."""
    aud.get("/audit")
    assert 422 == aud.post("/audit/export", kind=kind, why=why).status_code
    with database.read() as connection:
        assert [] == audit.newest(connection, 1, wanted=audit.Wanted(action="audit.export"))


def test_an_operator_takes_nothing_away(app: Starlette) -> None:
    """Nor looks."""
    ana = Browser(app)
    ana.log_in("ana")
    assert 403 == ana.get("/audit").status_code
    ana.get("/queue")
    assert 403 == ana.post("/audit/export", kind="csv", why=WHY).status_code
