"""Does an open page of the ports keep up by itself? In a real browser, whose clock is put forward."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.app import AUTOMATIC
from console.database import Database
from tests.browser.served import Console
from tests.console.crossed import HOUR, crossed, record

pytestmark = pytest.mark.xdist_group("browser")

START = dt.datetime(2026, 7, 15, 17, tzinfo=dt.UTC)


def test_an_open_page_is_brought_up_to_date_each_minute(console: Console, visit: Callable[..., Page]) -> None:
    """What somebody had chosen stays so, and nothing is loaded anew but the figures."""
    database = Database.open(console.path)
    record(database, crossed(START, 7), crossed(START + HOUR, 1))
    page = visit(console, "ana")
    page.clock.install()
    page.goto("/ports")
    row = page.locator("#now tbody tr")
    expect(row.locator("td").first).to_have_text("7")
    row.get_by_role("link").focus()
    page.evaluate("document.body.dataset.here = 'yes'")
    record(database, crossed(START + HOUR, 4), crossed(START + 2 * HOUR, 1))
    database.close()
    page.clock.fast_forward(60_000)
    expect(row.locator("td").first).to_have_text("5")
    expect(page.locator("#moment")).to_contain_text("18:00 to 19:00 UTC")
    expect(row.get_by_role("link")).to_be_focused()
    assert "yes" == page.evaluate("document.body.dataset.here")


@pytest.mark.parametrize(("path", "loaded"), [("/ports", "**/ports"), ("/queue", "**/queue/lines")])
def test_what_a_page_loads_by_itself_says_so(
    path: str, loaded: str, console: Console, visit: Callable[..., Page]
) -> None:
    """So that it is not taken for somebody who is there."""
    page = visit(console, "ana")
    page.clock.install()
    page.goto(path)
    with page.expect_request(loaded) as asked:
        page.clock.fast_forward(60_000)
    assert "1" == asked.value.headers[AUTOMATIC]
