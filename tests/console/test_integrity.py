"""Are the integrity role's notices for that role alone?"""

from __future__ import annotations

import pytest
from starlette.applications import Starlette

from console import audit, feed
from console.accounts import ROLES
from console.app import make_app
from console.database import Database
from console.integrity_page import PAGE
from console.store import put_notices
from schemas.models import Notice
from tests.console.stored import DIGEST, START, Clock, alert, fill, user
from tests.console.test_app import Browser

SECRET = "one officer 41 times of 50"  # noqa: S105 (a sentence)

PAGES = ("/queue", "/alerts/a-1", "/vehicles", "/snoozes", "/ports", "/audit", "/audit/decisions")


def notice(number: int, audience: str) -> Notice:
    """One."""
    return Notice.model_validate(
        {
            "schema": "notice/1", "notice_id": f"n-{number}", "occurred_at": START, "audience": audience,
            "kind": "integrity" if audience == "integrity" else "drift", "port": "2504",
            "sentence": f"Number {number}: {SECRET}.", "config": DIGEST,
            "crossing_id": "c-1" if audience == "integrity" else None,
        }
    )  # fmt: skip


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """With somebody of each role, named after it, an alert, and a notice."""
    for role in ROLES:
        user(database, clock, role, role)
    fill(database, clock, [alert(1)])
    with database.begin() as connection:
        put_notices(connection, [notice(1, "integrity")], clock())
    return make_app(database, clock)


def test_the_integrity_role_sees_its_notices(app: Starlette, database: Database) -> None:
    """It begins there; each look is in the audit, what was seen is not."""
    browser = Browser(app)
    browser.log_in("integrity")
    assert "/integrity" == browser.page.url.path
    assert SECRET in browser.page.text
    with database.read() as connection:
        done = [entry for entry in audit.entries(connection) if entry.user == "integrity"]
        assert ["login", "integrity.view"] == [entry.action for entry in done]
        assert SECRET not in str(list(audit.entries(connection)))
        assert 1 == feed.ends(connection)[1]  # the alert: no open console is told of the notice
    for path in (*PAGES, "/feed"):
        assert 403 == browser.get(path).status_code, path


@pytest.mark.parametrize("role", [role for role in ROLES if role != "integrity"])
def test_nobody_else_sees_them(role: str, app: Starlette) -> None:
    """On no page."""
    browser = Browser(app)
    browser.log_in(role)
    assert "/queue" == browser.page.url.path
    assert 403 == browser.get("/integrity").status_code
    for path in (*PAGES, "/integrity", "/queue/lines", "/ports/2504"):
        assert SECRET not in browser.get(path).text, path


def test_the_newest_are_first_and_the_others_a_page_on(app: Starlette, database: Database, clock: Clock) -> None:
    """Notices of other audiences are not among them."""
    with database.begin() as connection:
        put_notices(connection, [notice(k, "integrity") for k in range(2, PAGE + 3)], clock())
        put_notices(connection, [notice(900, "operator")], clock())
    browser = Browser(app)
    browser.log_in("integrity")
    first, second = (browser.get(f"/integrity?page={k}").text for k in (0, 1))
    assert (PAGE, 2) == (first.count(SECRET), second.count(SECRET))
    assert "Earlier" in first
    assert "Later" in second
    assert "Number 900" not in first + second
