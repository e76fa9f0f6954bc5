"""Does an open page come back by itself, with all that it missed, when the console was away?"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitors
from tests.browser.served import Console, now_ms
from tests.console.stored import alert
from tests.ops.running import start, wait_for

pytestmark = pytest.mark.xdist_group("browser")

AWAY = "no connection, trying again"


class Process:
    """`linewatch console` over a database, which can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, 0
        self.console = Console(self.start(), folder / "console.sqlite", now_ms)

    def start(self) -> str:
        """Start it; its address."""
        flags = ("console", "--data", self._folder, "--set", f"console_port={self._port}")
        self._child = start(self._folder, *flags, stdout=subprocess.DEVNULL)
        found = re.search(r"http://[0-9.]+:(\d+)", wait_for(self._child, "ready:"))
        assert found
        self._port = int(found[1])
        return found[0]

    def kill(self) -> None:
        """Without a chance to say goodbye."""
        self._child.kill()
        self._child.communicate(timeout=60)


@pytest.fixture
def process(people: Path, tmp_path: Path) -> Iterator[Process]:
    """One that runs."""
    shutil.copy(people, tmp_path)
    running = Process(tmp_path)
    yield running
    running.kill()


def waiting(page: Page) -> list[str]:
    """The alerts on the screen, highest first."""
    found: list[str] = page.eval_on_selector_all(".line", "lines => lines.map(line => line.dataset.alert)")
    return found


def test_an_open_queue_comes_back_after_the_server_was_killed(process: Process, visit: Visitors) -> None:
    """It says so while it lasts; then it shows what was written meanwhile, and what comes after."""
    process.console.write([alert(1)])
    page = visit(process.console, "ana")
    page.goto("/queue")
    expect(page.locator("#state")).to_have_text("live")
    process.kill()
    expect(page.locator("#state")).to_have_text(AWAY)
    process.console.write([alert(k) for k in range(2, 5)])
    process.start()
    expect(page.locator(".line")).to_have_count(4)
    expect(page.locator("#state")).to_have_text("live")
    process.console.write([alert(5)])
    expect(page.locator(".line")).to_have_count(5)
    assert {f"a-{k}" for k in range(1, 6)} == set(waiting(page))


def test_an_open_queue_comes_back_after_a_proxy_had_nobody_to_ask(console: Console, visit: Visitors) -> None:
    """The browser gives a feed up for good when the answer is an error; the page does not."""
    page = visit(console, "ana")
    asked: list[str] = []

    def first_refused(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=502, body="Bad gateway")
        else:
            route.continue_()

    page.route("**/feed", first_refused)
    page.goto("/queue")
    expect(page.locator("#state")).to_have_text(AWAY)
    expect(page.locator("#state")).to_have_text("live")
    console.write([alert(1)])
    expect(page.locator(".line")).to_have_count(1)


def test_an_open_queue_leads_to_the_login_when_the_session_has_ended(console: Console, visit: Visitors) -> None:
    """Somebody else logged out in another tab, say."""
    page = visit(console, "ana")
    page.goto("/queue")
    expect(page.locator("#state")).to_have_text("live")
    page.request.post("/logout", form={"csrf": page.locator("[name=csrf]").first.input_value()})
    console.write([alert(1)])
    page.wait_for_url("**/login")
