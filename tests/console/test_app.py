"""What do the pages let whom do? The real application, asked over HTTP without sockets."""

from __future__ import annotations

import html.parser
import re
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from console import audit
from console.accounts import Accounts
from console.app import AUTOMATIC, make_app
from console.database import Database
from tests.console.stored import PASSWORD, Clock, alert, fill, user


class Browser:
    """One visitor: keeps cookies, finds the csrf field of the page it is on, follows redirects."""

    def __init__(self, app: Starlette) -> None:
        self.app, self._cookies = app, httpx.Cookies()
        self.page, self.follow = httpx.Response(200), True

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Go there."""
        return self._ask("GET", path, **more)

    def post(
        self, path: str, *, csrf: bool = True, headers: dict[str, str] | None = None, **fields: str
    ) -> httpx.Response:
        """Send a form of the page."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page.text) if csrf else None
        data = fields | ({"csrf": token[1]} if token is not None else {})
        return self._ask("POST", path, data=data, headers={"origin": "http://127.0.0.1", **(headers or {})})

    def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """By the form."""
        self.get("/login")
        return self.post("/login", name=name, password=password)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", cookies=self._cookies, follow_redirects=self.follow
            ) as client:
                answer = await client.request(method, path, **more)
                self._cookies = client.cookies
                return answer

        self.page = anyio.run(send)
        return self.page


@pytest.fixture
def app(database: Database, clock: Clock) -> Starlette:
    """With five alerts and a user of each kind."""
    fill(database, clock, [alert(k, score=3 + k) for k in range(1, 6)])
    for name, role in (
        ("ana", "operator"),
        ("ben", "operator"),
        ("sue", "supervisor"),
        ("aud", "auditor"),
        ("adm", "admin"),
    ):
        user(database, clock, name, role)
    return make_app(database, clock)


@pytest.fixture
def ana(app: Starlette) -> Browser:
    """Logged in."""
    browser = Browser(app)
    browser.log_in("ana")
    return browser


def test_open_pages_that_reload_themselves_keep_no_session(
    app: Starlette, ana: Browser, database: Database, clock: Clock
) -> None:  # fmt: skip
    """Twelve hours after the last thing that somebody did it ends."""
    user(database, clock, "itg", "integrity")
    itg = Browser(app)  # the feed refuses it, and so answers at once
    itg.log_in("itg")
    automatic = [
        (ana, "/queue/lines", {AUTOMATIC: "1"}), (ana, "/ports", {AUTOMATIC: "1"}), (itg, "/feed", {}),
    ]  # fmt: skip
    ana.follow = itg.follow = False
    clock.pass_s(3_600)
    assert [200, 200] == [somebody.get(path).status_code for somebody, path in ((ana, "/queue"), (itg, "/integrity"))]
    for _ in range(12):
        clock.pass_s(3_600)
        codes = [somebody.get(path, headers=headers).status_code for somebody, path, headers in automatic]
        assert [200, 200, 403] == codes
    clock.pass_s(1)
    assert ["/login"] * 3 == [somebody.get(path).headers.get("location") for somebody, path, _ in automatic]


def test_nothing_is_shown_without_a_login(app: Starlette) -> None:
    """Every page leads to the form."""
    browser = Browser(app)
    for path in ("/", "/queue", "/queue/lines", "/alerts/a-1", "/feed", "/audit", "/audit/chain"):
        assert "Log in" in browser.get(path).text
        assert "Back after" not in browser.page.text
    assert "ok" == browser.get("/healthz").text


def test_a_login_leads_to_the_queue_and_a_logout_out(app: Starlette) -> None:
    """The cookie is for this site and for no script."""
    browser = Browser(app)
    assert 401 == browser.log_in("ana", "wrong password").status_code
    assert "do not fit" in browser.page.text
    assert PASSWORD not in browser.page.text
    browser.log_in("ana")
    assert "/queue" == browser.page.url.path
    cookie = browser.page.history[0].headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    browser.post("/logout")
    assert "Log in" in browser.get("/queue").text


def test_a_one_time_link_lets_a_new_user_in(app: Starlette, database: Database, clock: Clock) -> None:
    """Once."""
    with database.begin() as connection:
        token = Accounts(connection, clock).add("cleo", "operator", by="test")
    browser = Browser(app)
    assert "Welcome, cleo" in browser.get(f"/welcome/{token}").text
    assert "12 to 256 characters" in browser.post(f"/welcome/{token}", password="short").text  # noqa: S106
    assert "/queue" == browser.post(f"/welcome/{token}", password=PASSWORD).url.path
    assert "used already" in Browser(app).get(f"/welcome/{token}").text


def test_the_queue_shows_the_highest_first(ana: Browser) -> None:
    """With severity in words, the sentence, and how many wait."""
    page = ana.get("/queue").text
    places = [page.index(f"vehicle {number};") for number in (5, 4, 3, 2, 1)]
    assert places == sorted(places)
    assert "<strong>5</strong> alerts wait" in page
    assert 5 == page.count("</span> high</span>")


def test_an_alert_is_decided_and_the_decision_taken_back(ana: Browser, app: Starlette) -> None:
    """By forms, as without scripts; meanwhile another operator is told who works on it."""
    ana.get("/queue")
    ana.post("/queue/next", port="")
    assert "/alerts/a-5" == ana.page.url.path
    for said in ("quick turnaround", "38 min", "7 to 11 h", "57 earlier", "driver churn", "75 %"):
        assert said in ana.page.text
    ben = Browser(app)
    ben.log_in("ben")
    assert "ana is working on this alert" in ben.get("/alerts/a-5").text
    ben.get("/queue")
    assert 409 == ben.post("/alerts/a-5/decide", decision="seizure narcotics").status_code
    ana.post("/alerts/a-5/decide", decision="seizure narcotics", note="in the <spare> wheel", port="2504")
    assert "in the &lt;spare&gt; wheel" in ana.page.text
    undo = re.search(r"/decisions/d-[0-9a-f]+/undo", ana.page.text)
    assert undo is not None
    assert "vehicle 5;" not in ben.get("/queue").text
    ana.post(undo[0])
    assert "<h2>Decide</h2>" in ana.page.text
    ana.post("/alerts/a-5/leave")
    assert "vehicle 5;" in ben.get("/queue").text


@pytest.mark.parametrize(
    ("name", "audit_page", "may_decide"),
    [("ana", 403, True), ("sue", 200, True), ("aud", 200, False), ("adm", 200, False)],
)
def test_roles_may_do_what_is_theirs(name: str, audit_page: int, may_decide: bool, app: Starlette) -> None:
    """The others are told which role it takes."""
    browser = Browser(app)
    browser.log_in(name)
    assert audit_page == browser.get("/audit").status_code
    browser.get("/alerts/a-3")
    assert may_decide == ("<h2>Decide</h2>" in browser.page.text)
    assert may_decide == (403 != browser.post("/alerts/a-3/decide", decision="cleared other").status_code)


def test_every_step_is_in_the_audit(ana: Browser, app: Starlette, database: Database) -> None:
    """And who reads it is too."""
    ana.get("/alerts/a-2")
    ana.post("/alerts/a-2/decide", decision="cleared known_traveller", note="weekly market")
    aud = Browser(app)
    aud.log_in("aud")
    page = aud.get("/audit").text
    assert "weekly market" in page
    assert "Yes." in aud.get("/audit/chain").text
    with database.read() as connection:
        done = [(e.user, e.action) for e in audit.entries(connection) if e.user in ("ana", "aud")]
        assert audit.verify(connection).broken_at is None
    assert [("ana", "login"), ("ana", "alert.view"), ("ana", "alert.decide"), ("ana", "alert.view")] == done[:4]
    assert [("aud", "login"), ("aud", "audit.view"), ("aud", "audit.verify")] == done[-3:]


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}], ids=str
)
def test_forms_of_other_sites_do_nothing(headers: dict[str, str], ana: Browser, app: Starlette) -> None:
    """Not even the login."""
    ana.get("/alerts/a-2")
    assert 403 == ana.post("/alerts/a-2/decide", headers=headers, decision="cleared other").status_code
    stranger = Browser(app)
    assert 403 == stranger.post("/login", headers=headers, name="ana", password=PASSWORD).status_code
    assert "2</strong>" not in ana.get("/queue").text


def test_a_form_without_the_sessions_token_does_nothing(ana: Browser) -> None:
    """As another page of this machine might send it."""
    ana.get("/alerts/a-2")
    assert 403 == ana.post("/alerts/a-2/decide", csrf=False, decision="cleared other").status_code
    assert "Go back, load the page again" in ana.page.text


def test_a_form_that_is_too_large_is_not_read(ana: Browser) -> None:
    """Limits on every input."""
    ana.get("/alerts/a-2")
    assert 413 == ana.post("/alerts/a-2/decide", decision="cleared other", note="x" * 20_000).status_code


def test_a_form_with_a_nul_is_refused(ana: Browser) -> None:
    """PostgreSQL cannot hold it in a text."""
    ana.get("/alerts/a-2")
    assert 400 == ana.post("/alerts/a-2/decide", decision="cleared other", note="a\0b").status_code
    assert 400 == Browser(ana.app).post("/login", name="a\0na", password=PASSWORD).status_code


@pytest.mark.parametrize(
    "path", ["/queue?port=%00", "/alerts/a%00", "/vehicles/x%00?search=1", "/api/v1/alerts?port=%00"]
)
def test_an_address_with_a_nul_is_refused(ana: Browser, path: str) -> None:
    """For the same reason."""
    assert 400 == ana.get(path).status_code


def test_another_host_name_is_refused(ana: Browser) -> None:
    """A page that resolves its own name to this machine gets nothing."""
    assert 400 == ana.get("/queue", headers={"host": "evil.example"}).status_code


class Inline(html.parser.HTMLParser):
    """Finds what a strict policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Scripts without a source, styles and handlers in attributes, anything from elsewhere."""
        names = dict(attrs)
        if (tag == "script" and "src" not in names) or tag == "style":
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        sources = [names.get(name) or "/" for name in ("src", "href", "action", "formaction")]
        self.found += [source for source in sources if not source.startswith(("/", "#")) or source.startswith("//")]


def test_pages_keep_to_a_strict_policy(ana: Browser, app: Starlette) -> None:
    """Nothing inline, nothing from elsewhere, nothing kept by caches."""
    aud = Browser(app)
    aud.log_in("aud")
    pages = [
        ana.get("/queue"),
        ana.get("/alerts/a-1"),
        aud.get("/audit"),
        aud.get("/audit/chain"),
        Browser(app).get("/login"),
    ]
    for page in pages:
        inline = Inline()
        inline.feed(page.text)
        assert [] == inline.found
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "no-store" == page.headers["cache-control"]
    for name in ("console.css", "console.js", "icon.svg"):
        assert 200 == ana.get(f"/static/{name}").status_code


@pytest.fixture
def demo(database: Database, clock: Clock) -> Browser:
    """What is not live says so."""
    return Browser(make_app(database, clock, watermark="DEMO"))


def test_what_is_not_live_says_so(demo: Browser) -> None:
    """On every page."""
    assert '<strong class="watermark">DEMO</strong>' in demo.get("/login").text
