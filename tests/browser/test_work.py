"""Does the console hold what it promises to people at work? Alerts at once, by keyboard, two at a time."""

from __future__ import annotations

import logging
import re

import pytest
from playwright.sync_api import Page, expect

from console.database import Database
from console.queue import history
from tests.browser.conftest import Visitors
from tests.browser.served import Console
from tests.console.stored import PASSWORD, alert

pytestmark = pytest.mark.xdist_group("browser")

log = logging.getLogger(__name__)  # figures: pytest --log-cli-level=info

LIVE = "live"
# notes when each line of the queue came into the page, ms since 1970
WATCH = """() => {
  window.came = {};
  const note = () => {
    for (const line of document.querySelectorAll(".line")) window.came[line.dataset.alert] ??= Date.now();
  };
  new MutationObserver(note).observe(document.getElementById("lines"), { childList: true, subtree: true });
}"""


def at_the_queue(page: Page) -> Page:
    """Go there, until the feed is open."""
    page.goto("/queue")
    expect(page.locator("#state")).to_have_text(LIVE)
    return page


def number(page: Page) -> str:
    """The alert that is on the screen."""
    found = re.search(r"/alerts/([\w-]+)", page.url)
    assert found, page.url
    return found[1]


def test_an_alert_is_on_the_screen_within_a_second_of_its_write(console: Console, visit: Visitors) -> None:
    """Another connection writes, as the pipeline does; from before the write to the line in the page."""
    page = at_the_queue(visit(console, "ana"))
    page.evaluate(WATCH)
    took = []
    for k in range(1, 6):
        written = console.write([alert(k)])
        page.wait_for_function("id => id in window.came", arg=f"a-{k}")
        took.append(page.evaluate("id => window.came[id]", f"a-{k}") - written)
    log.info("ms from write to screen: %s", took)
    assert max(took) < 1_000
    expect(page).to_have_title(re.compile(r"^\(5\) "))


def test_an_alert_is_decided_and_taken_back_by_keyboard_alone(console: Console, visit: Visitors) -> None:
    """From the login on."""
    console.write([alert(k, score=3 + k) for k in (1, 2, 3)])
    page = visit(console)
    page.goto("/login")
    keys = page.keyboard
    keys.type("ana")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.locator("#state")).to_have_text(LIVE)
    for key in ("j", "j", "Enter"):  # the second line
        keys.press(key)
    page.wait_for_url("**/alerts/a-2")
    for key in ("3", "3", "Enter"):  # the third outcome, its second reason
        keys.press(key)
    expect(page.locator(".decided")).to_contain_text("seizure, currency")
    assert ["currency"] == codes(console, "a-2")
    keys.press("u")
    expect(page.locator("#decide")).to_be_visible()
    assert [] == codes(console, "a-2")
    keys.press("Escape")
    expect(page.locator(".line")).to_have_count(3)
    assert [] == visit.troubles


def test_two_operators_never_work_on_the_same_alert(console: Console, visit: Visitors) -> None:
    """The second sees who holds it, and `n` leads past it; together they decide each alert once."""
    everything = {f"a-{k}" for k in range(1, 7)}
    console.write([alert(k) for k in range(1, 7)])
    ana, ben = (at_the_queue(visit(console, name)) for name in ("ana", "ben"))
    ana.keyboard.press("n")
    ana.wait_for_url("**/alerts/*")
    expect(ben.locator(f".line[data-alert={number(ana)}] .holder")).to_have_text("ana")
    ben.goto(f"/alerts/{number(ana)}")
    expect(ben.locator("main")).to_contain_text("ana is working on this alert")
    expect(ben.locator("#decide")).to_have_count(0)
    decided: dict[str, list[str]] = {"ana": [], "ben": []}
    ben.keyboard.press("n")
    ben.wait_for_url(lambda url: not url.endswith(number(ana)))
    for _ in range(3):
        for name, page in (("ana", ana), ("ben", ben)):
            decided[name].append(number(page))
            for key in ("1", "Enter"):
                page.keyboard.press(key)
            expect(page.locator(".decided")).to_contain_text("by you")
        for page in (ana, ben):
            page.keyboard.press("n")
            page.wait_for_function("decided => !location.pathname.endsWith(decided)", arg=number(page))
            page.wait_for_load_state()
    assert everything == {*decided["ana"], *decided["ben"]}
    assert 6 == len(decided["ana"] + decided["ben"])
    expect(ben.locator(".calm")).to_contain_text("Nothing waits")


def test_the_sound_is_off_until_somebody_turns_it_on(console: Console, visit: Visitors) -> None:
    """By the button or by `m`; the button says which."""
    page = at_the_queue(visit(console, "ana"))
    sound = page.locator("#sound")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("m")
    expect(sound).to_have_attribute("aria-pressed", "false")


def test_who_skims_takes_nothing(console: Console, visit: Visitors) -> None:
    """Up and down the queue by keyboard; then one is taken, in the same way."""
    console.write([alert(k, score=3 + k) for k in (1, 2, 3)])
    page = at_the_queue(visit(console, "ana"))
    page.keyboard.press("s")
    page.wait_for_url("**/alerts/a-3?skim=1")
    expect(page.locator("#take")).to_be_visible()
    page.keyboard.press("j")
    page.wait_for_url("**/alerts/a-2?skim=1")
    other = at_the_queue(visit(console, "ben"))
    assert 0 == other.locator(".line.held").count()
    page.keyboard.press("t")
    expect(page.locator("#decide")).to_be_visible()
    expect(other.locator(".line.held")).to_have_count(1)


@pytest.mark.parametrize(("motion", "animations"), [("reduce", 0), ("no-preference", 1)])
def test_a_new_line_moves_only_for_who_has_nothing_against_it(
    motion: str, animations: int, console: Console, visit: Visitors
) -> None:
    """It glows for a moment; with less motion asked for it is just there."""
    page = at_the_queue(visit(console, "ana", reduced_motion=motion))
    page.evaluate("""() => new MutationObserver(() => {
      if (document.querySelector(".line.fresh")) window.moving ??= document.getAnimations().length;
    }).observe(document.getElementById("lines"), { childList: true, subtree: true, attributes: true })""")
    console.write([alert(1)])
    page.wait_for_function("() => window.moving !== undefined")
    assert animations == page.evaluate("window.moving")


def codes(console: Console, alert_id: str) -> list[str]:
    """The reasons of the decisions on an alert that stand."""
    database = Database.open(console.path)
    with database.read() as connection:
        found = [one.code for one in history(connection, alert_id)]
    database.close()
    return found
