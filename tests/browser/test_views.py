"""Is every page fit to be used? By axe, light and dark, wide and narrow; no error, no scrolling sideways; a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from tests.browser import border
from tests.browser.conftest import Visitors
from tests.browser.served import Console, serving
from tests.browser.views import LOOKS, VIEWS, Look, View
from tests.console.stored import Clock

pytestmark = pytest.mark.xdist_group("browser-views")  # a second browser on the second core, beside the other tests

FOLDER = "CONSOLE_SCREENS"  # environment: where pictures go, docs by `make screens`
TALLEST = 1_100  # px of a picture
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}


class Border(NamedTuple):
    """A console with real alerts, and what names in paths stand for."""

    console: Console
    names: dict[str, str]


class Shown(NamedTuple):
    """A view in a window."""

    view: View
    page: Page
    status: int
    troubles: list[str]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Border]:
    """One for all views; its clock stands."""
    path, clock = tmp_path_factory.mktemp("border") / "console.sqlite", Clock()
    names = border.at_work(path, clock, border.found())
    with serving(path, clock) as console:
        yield Border(console, names)


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.name)
def shown(request: pytest.FixtureRequest, chromium: Browser, busy: Border) -> Iterator[Shown]:
    """Each view, opened once for all that is asked of it."""
    view: View = request.param
    visitors = Visitors(chromium)
    page = visitors(busy.console, view.user, reduced_motion="reduce")
    answer = page.goto(view.path.format(**busy.names), wait_until="load")
    assert answer is not None
    if page.locator("#state").count():
        page.wait_for_selector("#state[data-live=yes]")
    yield Shown(view, page, answer.status, visitors.troubles)
    visitors.close()


def wear(page: Page, look: Look) -> None:
    """Show the page in a look."""
    page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": look.width, "height": look.height})


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds; it is put into the page once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate("rules => axe.run(rules).then(found => found.violations)", RULES)
    return found


def test_a_page_is_answered_as_it_should_be(shown: Shown) -> None:
    """With its status, a language and a title of its own."""
    assert shown.view.status == shown.status
    assert shown.page.title().endswith(" · Linewatch")


def test_a_page_is_accessible_in_every_look(shown: Shown) -> None:
    """WCAG 2.2 AA, as far as axe can tell."""
    found = []
    for look in LOOKS:
        wear(shown.page, look)
        for broken in violations(shown.page):
            places = [f"{node['target']}: {node['failureSummary']}" for node in broken["nodes"]]
            found.append(f"{look.scheme} {look.width}: {broken['id']}, {broken['help']}: {places}")
    assert not found, "\n".join(found)


def test_a_page_does_not_scroll_sideways(shown: Shown) -> None:
    """Neither wide nor on a phone: what is wider than the screen scrolls in its own box, or wraps."""
    for look in LOOKS[::2]:
        wear(shown.page, look)
        assert look.width == shown.page.evaluate("document.documentElement.scrollWidth")


def test_a_page_keeps_to_the_policy_and_logs_no_error(shown: Shown) -> None:
    """Nothing is refused by the content security policy, nothing is missing, no script fails."""
    own = f"{shown.page.url}: Failed to load resource: the server responded with a status of {shown.view.status}"
    assert [] == [trouble for trouble in shown.troubles if not trouble.startswith(own)]


def test_a_page_is_pictured(shown: Shown, tmp_path: Path) -> None:
    """Into the folder that the environment names, else for this test alone."""
    folder = Path(os.environ.get(FOLDER, tmp_path))
    kept = LOOKS if shown.view.looks else LOOKS[: shown.view.kept]
    for look in kept if FOLDER in os.environ else LOOKS:
        wear(shown.page, look)
        tall = min(TALLEST, shown.page.evaluate("document.documentElement.scrollHeight"))
        path = folder / f"console-{shown.view.name}{look.name}.png"
        shown.page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": look.width, "height": tall})
        assert path.stat().st_size > 2_000


def test_what_a_page_does_wrong_is_noticed(chromium: Browser, busy: Border) -> None:
    """These tests can fail: an inline script, a script's error, a picture without words, a line too wide."""
    visitors = Visitors(chromium)
    page = visitors(busy.console, viewport={"width": 390, "height": 844})
    page.goto("/login")
    page.evaluate("""() => {
      const script = document.createElement("script"); script.textContent = "1"; document.body.append(script);
      const picture = new Image(); picture.width = 900; document.querySelector("main").append(picture);
      setTimeout(() => { throw new Error("planted"); });
    }""")
    page.wait_for_function("() => document.documentElement.scrollWidth > 390")
    broken = {found["id"] for found in violations(page)}
    visitors.close()
    assert "image-alt" in broken
    assert any("Content Security Policy" in trouble for trouble in visitors.troubles)
    assert any("planted" in trouble for trouble in visitors.troubles)
