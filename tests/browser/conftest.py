"""Fixtures of the tests in a browser: one Chromium, a console to look at, visitors whose troubles are noted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from console.guard import COOKIE
from tests.browser.chromium import installed
from tests.browser.served import Console, now_ms, serving, session, staffed
from tests.missing import missing

# Chromium asks its makers for updates and more; none of that here
QUIET = ("disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update")


# of this package, not of the session: while Playwright is open no other test of the process can run an event loop
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A real one, headless."""
    path = installed()
    if path is None:
        missing("there is no Chromium on this machine: `make browser` installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[f"--{flag}" for flag in QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the staff alone, to be copied: passwords are slow to make."""
    path = tmp_path_factory.mktemp("staff") / "console.sqlite"
    staffed(path, now_ms)
    return path


@pytest.fixture
def console(people: Path, tmp_path: Path) -> Iterator[Console]:
    """One without alerts, with the time of day."""
    path = Path(shutil.copy(people, tmp_path))
    with serving(path, now_ms) as served:
        yield served


class Visitors:
    """Browser windows with cookies of their own; what they complain about is noted."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def __call__(self, console: Console, name: str | None = None, **options: Any) -> Page:
        """A window of the user `name`, or of nobody; `options` are those of Playwright's `new_context`."""
        context = self._browser.new_context(base_url=console.address, locale="en-GB", timezone_id="UTC", **options)
        self._contexts.append(context)
        context.set_default_timeout(10_000)
        if name is not None:
            context.add_cookies([{"name": COOKIE, "value": session(console, name), "url": console.address}])
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.location.get('url')}: {message.text}")

    def close(self) -> None:
        """All windows."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes visitors; closed before the console, which would wait for their feeds."""
    visitors = Visitors(chromium)
    yield visitors
    visitors.close()
