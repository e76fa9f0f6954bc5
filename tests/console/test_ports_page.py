"""What do the pages of the ports show, and whom? The real application, over traffic that was made by hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from starlette.applications import Starlette

from console import port_map
from console.app import make_app
from console.charts import Bar, bars, nice, spark
from console.database import Database
from console.port_map import Place
from console.site import Border
from console.usual import Range
from console.words import DASH
from schemas.ports import Ports
from tests.console.crossed import HOUR, WEEK, crossed, ms, notice, record, say
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_app import Browser

END = dt.datetime(2026, 7, 15, 18, tzinfo=dt.UTC)
NOTHING = Range(float("nan"), float("nan"), float("nan"), 0)
Visit = Callable[..., Browser]


@pytest.fixture
def visit(database: Database, clock: Clock) -> Visit:
    """Logs somebody in, to a console of the land ports of the United States at `END`."""
    clock.ms = ms(END) + 600_000

    def made(role: str = "operator", *, ports: Ports | None = None, watermark: str = "") -> Browser:
        user(database, clock, role, role)
        app: Starlette = make_app(database, clock, border=Border(ports or Ports.builtin()), watermark=watermark)
        browser = Browser(app)
        browser.log_in(role)
        return browser

    return made


def busy(database: Database) -> None:
    """San Ysidro as usual, but one lane silent; Laredo high; Calexico new."""
    for k in range(1, 9):
        for lane, count in (("1", 20), ("2", 12)):
            record(database, crossed(END - HOUR - k * WEEK, count, lane=lane))
        record(database, crossed(END - HOUR - k * WEEK, 10, port="2304", zone="America/Chicago"))
    record(database, crossed(END - HOUR, 27), crossed(END - HOUR, 90, port="2304", zone="America/Chicago"))
    record(database, crossed(END - HOUR, 5, port="2503"))


def text_of(html: str) -> str:
    """What one reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_overview_says_how_each_port_does(database: Database, visit: Visit) -> None:
    """What crossed against the usual, the word for it, and the readers."""
    busy(database)
    page = visit().get("/ports")
    text = text_of(page.text)
    assert 200 == page.status_code
    assert "Wed 15 Jul 17:00 to 18:00 UTC" in text
    assert "2 of 3 ports need a look: Laredo ( ▲ high), San Ysidro (1 silent)" in text
    assert "San Ysidro 2504 27 32 ● usual" in text
    assert "Laredo 2304 90 10 ▲ high" in text
    assert f"2503 5 {DASH} ○ not enough history" in text


def test_the_map_has_a_link_and_a_word_for_each_port(database: Database, visit: Visit) -> None:
    """Those of the registry where nothing was recorded are marks without a link."""
    busy(database)
    page = visit().get("/ports").text
    drawn = page[page.index('<svg class="map"') :]
    assert 3 == drawn.count("<a href=")
    assert 'aria-label="Laredo: 90 in the last hour, high"' in drawn
    assert "nothing recorded" in drawn


def test_an_open_registry_has_no_map_and_says_so(database: Database, visit: Visit) -> None:
    """Ports go by their codes then."""
    busy(database)
    page = visit(ports=Ports.open()).get("/ports")
    assert '<svg class="map"' not in page.text
    assert "No map: the registry of ports has no places." in text_of(page.text)
    assert '<a href="/ports/2504">2504</a>' in page.text


def test_few_crossings_do_not_make_a_high_rate(database: Database, clock: Clock, visit: Visit) -> None:
    """Beside a cell's own counts one alert at the mean rate: 1 of 124 crossings here."""
    start = dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC)  # when the alerts are: midnight in Tijuana
    record(database, crossed(start, 600), crossed(start + HOUR, 20))
    fill(database, clock, [alert(k) for k in range(5)])
    browser = visit()
    clock.ms = ms(start + 3 * HOUR)
    browser.log_in("operator")
    page = browser.get("/ports").text
    assert '<td class="h1" title="00:00, 5 alerts of 600 crossings">83</td>' in page
    assert '<td class="h1" title="01:00, 0 alerts of 20 crossings">69</td>' in page
    assert '<td class="few" title="02:00, 0 alerts of 0 crossings">·</td>' in page


def test_in_a_demo_now_is_the_newest_event(database: Database, clock: Clock, visit: Visit) -> None:
    """Live it is the time of day, and then nothing crosses any more."""
    busy(database)
    demo = visit(watermark="DEMO")
    clock.pass_s(30 * 86_400)
    demo.get("/login")
    demo.log_in("operator")
    assert "Wed 15 Jul 16:00 to 17:00 UTC" in text_of(demo.get("/ports").text)


def test_a_port_has_a_page(database: Database, clock: Clock, visit: Visit) -> None:
    """Its flow in pictures with numbers, its readers, its notices, the way to its queue."""
    busy(database)
    fill(database, clock, [alert(1)])
    say(database, notice(1, END), notice(2, END, port="2304"))
    page = visit().get("/ports/2504")
    text = text_of(page.text)
    assert 200 == page.status_code
    assert "<title>Wed 10:00: 27, usually 32</title>" in page.text
    assert f"2 inbound ▼ silent Wed 08 Jul 17:55:00 0 12 {DASH} 0.90" in text
    assert "1 inbound ● ok" in text
    assert '<a href="/queue?port=2504">1 in the queue</a>' in page.text
    assert "Sentence 1 of supervisor." in text
    assert "Sentence 2 of supervisor." not in text


def test_a_port_without_traffic_has_a_page_and_an_unknown_one_has_none(visit: Visit) -> None:
    """The registry tells which is which."""
    browser = visit()
    assert "Nothing has crossed here yet." in browser.get("/ports/2504").text
    assert 404 == browser.get("/ports/none").status_code


def test_a_code_is_written_as_text(database: Database, visit: Visit) -> None:
    """In names, in links and in pictures; the link leads there."""
    record(database, crossed(END - HOUR, 5, port="a/b <i>&"))
    browser = visit(ports=Ports.open())
    page = browser.get("/ports").text
    assert "<i>" not in page
    assert '<a href="/ports/a%2Fb%20%3Ci%3E%26">a/b &lt;i&gt;&amp;</a>' in page
    assert 200 == browser.get("/ports/a%2Fb%20%3Ci%3E%26").status_code


def test_notices_of_the_integrity_role_are_shown_to_nobody_here(database: Database, visit: Visit) -> None:
    """Not in the overview, not on the port's page; displacement is."""
    busy(database)
    say(database, notice(1, END), notice(2, END, kind="integrity", audience="integrity"))
    browser = visit("supervisor")
    for path in ("/ports", "/ports/2504"):
        page = browser.get(path).text
        assert "displacement" in page
        assert "Sentence 2" not in page


def test_an_empty_store_says_what_will_come(visit: Visit) -> None:
    """To an auditor too."""
    page = visit("auditor").get("/ports")
    assert 200 == page.status_code
    assert "No traffic is stored yet." in page.text


def test_the_integrity_role_may_not_look(visit: Visit) -> None:
    """Nor is the page in its menu."""
    page = visit("integrity").get("/ports")
    assert 403 == page.status_code
    assert 'href="/ports"' not in page.text


def test_many_ports_come_in_pages(database: Database, visit: Visit) -> None:
    """Twenty each; a page that is not there is the nearest that is."""
    record(database, *(crossed(END - HOUR, 1, port=f"P{k:02}") for k in range(45)))
    browser = visit(ports=Ports.open())
    for wanted, first, last in (("1", "P00", "P19"), ("3", "P40", "P44"), ("99", "P40", "P44"), ("x", "P00", "P19")):
        found = re.findall(r'<th scope="row"><a href="/ports/(P\d\d)"', browser.get(f"/ports?page={wanted}").text)
        assert (first, last) == (found[0], found[-1])


def test_pictures_keep_to_the_policy(database: Database, visit: Visit) -> None:
    """No style of its own, no script within."""
    busy(database)
    browser = visit()
    for path in ("/ports", "/ports/2504"):
        page = browser.get(path).text
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page)
        assert ["console.js"] == re.findall(r"<script[^>]*/static/([\w.]+)", page)


def test_a_spark_without_history_has_no_band() -> None:
    """With some it has one for each stretch."""
    known = Range(1, 2, 3, 8)
    assert 0 == spark([1, 2], [NOTHING, NOTHING], "").count("band")
    assert 2 == spark([1, 2, 3], [known, NOTHING, known], "").count("band")


def test_a_bar_is_as_high_as_its_value() -> None:
    """Against an axis that ends at a round number; words are escaped."""
    drawn = bars([Bar(50, None, "<one>"), Bar(100, Range(80, 90, 110, 8), "two", "tick")], "label")
    heights = [float(h) for h in re.findall(r'class="value"[^>]*height="([\d.]+)"', drawn)]
    assert 200 == nice(110)
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.1)
    assert "&lt;one&gt;" in drawn


def test_a_map_is_true_to_distances_in_its_middle() -> None:
    """A degree of longitude is narrower than one of latitude by the cosine."""
    places = [Place("", "", lat, lon, 1, "usual", "") for lat, lon in ((59, 10), (61, 10), (60, 8), (60, 12))]
    within = port_map.frame(places)
    (_, top), (_, bottom) = within.at(61, 10), within.at(59, 10)
    (left, _), (right, _) = within.at(60, 8), within.at(60, 12)
    assert (right - left) / 4 == pytest.approx(0.5 * (bottom - top) / 2)
    assert 0 < left < right < port_map.WIDTH
    assert 0 < top < bottom < within.height


def test_names_on_a_map_do_not_cover_each_other() -> None:
    """One for which there is no room is left out; its symbol tells its name."""
    places = [Place("", f"A long name {k}", 30 + 0.01 * k, 10, 1, "usual", "") for k in range(30)]
    drawn = port_map.drawn([*places, Place("", "far", 40, 20, 1, "usual", "")])
    written = len(re.findall(r"<text [^>]*>A long", drawn))
    assert 1 <= written < 30
    assert 30 == len(re.findall(r"<title>A long", drawn))
