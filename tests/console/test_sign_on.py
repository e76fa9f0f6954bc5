"""Does single sign-on let in whom the identity provider vouches for, and nobody else? A real provider on loopback."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from console import audit, sign_on_page
from console.accounts import Accounts, RefusedError
from console.app import make_app
from console.database import Database
from console.sign_on import Provider, SignOn, roles_of
from schemas.errors import ConfigError
from tests.console.stored import Clock, alert, fill, user
from tests.console.test_app import Browser

ROLES = {"leads": "supervisor", "lanes": "operator"}
PEOPLE: dict[str, dict[str, Any]] = {
    "1": {"preferred_username": "Olga.P", "groups": ["staff", "lanes"]},
    "2": {"preferred_username": "ana", "groups": ["lanes", "leads"]},
    "3": {"preferred_username": "eve", "groups": ["staff"]},
}


@contextmanager
def provider_of(valid_s: int = 3_600) -> Iterator[str]:
    """Where people are known; its ID tokens are valid for so long."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is made with parts of authlib that are going
        from oidc_provider_mock import User, run_server_in_thread  # noqa: PLC0415

        known = [User(sub=sub, claims=claims) for sub, claims in PEOPLE.items()]
        lasts = dt.timedelta(seconds=valid_s)
        with run_server_in_thread(user_claims=known, require_nonce=True, access_token_max_age=lasts) as server:
            yield f"http://localhost:{server.server_port}"


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider."""
    with provider_of() as where:
        yield where


@pytest.fixture
def app(database: Database, clock: Clock, issuer: str) -> Starlette:
    """A console that trusts it, and that has a local user of its own."""
    fill(database, clock, [alert(1)])
    user(database, clock, "ana", "auditor")
    provider = Provider(issuer, "linewatch", "a secret of the tests", ROLES)
    return make_app(database, clock, more=sign_on_page.routes(SignOn(provider)))


class Visitor(Browser):
    """A browser that goes to the provider over the network, and comes back."""

    def begin(self) -> str:
        """Where the console sends them."""
        self.follow = False
        return str(self.get("/sign-on").headers["location"])

    def vouched(self, url: str, sub: str) -> str:
        """The way back, when the provider has said who it is."""
        answer = httpx.post(url, data={"sub": sub}, follow_redirects=False)
        parts = urlsplit(answer.headers["location"])
        return f"{parts.path}?{parts.query}"

    def sign_on(self, sub: str) -> httpx.Response:
        """All of it."""
        return self.get(self.vouched(self.begin(), sub))


def people(database: Database, clock: Clock) -> dict[str, str]:
    """Names and roles."""
    with database.read() as connection:
        return {one.name: one.role for one, _ in Accounts(connection, clock).all()}


def done(database: Database) -> list[tuple[str, str]]:
    """What the audit says, but for the tests' own preparations."""
    with database.read() as connection:
        return [(one.action, one.subject) for one in audit.entries(connection) if one.user != "test"]


def test_the_first_login_makes_the_user(app: Starlette, database: Database, clock: Clock) -> None:
    """With the role of the group, and a session that other sites cannot send."""
    olga = Visitor(app)
    answer = olga.sign_on("1")
    assert 200 == answer.status_code
    assert "Logged in as olga.p" in answer.text
    assert re.search(
        r'http-equiv="refresh" content="0; url=/"', answer.text
    )  # a redirect would leave the cookie behind
    cookies = {line.split("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert "samesite=strict" in cookies["linewatch"]
    assert "max-age=0" in cookies["linewatch-sign-on"]
    olga.follow = True
    assert "vehicle 1;" in olga.get("/queue").text
    assert "operator" == people(database, clock)["olga.p"]
    assert [("user.add", "user olga.p"), ("login", "user olga.p")] == done(database)


def test_the_login_begins_with_pkce_state_and_nonce(app: Starlette) -> None:
    """Kept in a cookie of these pages alone, that comes along from the provider."""
    visitor = Visitor(app)
    asked = parse_qs(urlsplit(visitor.begin()).query)
    assert (["S256"], ["code"]) == (asked["code_challenge_method"], asked["response_type"])
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    cookie = visitor.page.headers["set-cookie"].lower()
    assert all(said in cookie for said in ("samesite=lax", "httponly", "path=/sign-on", "max-age=600"))
    assert "Log in with single sign-on" in Visitor(app).get("/login").text
    assert "form-action 'self'" in visitor.page.headers["content-security-policy"]


def test_a_local_user_is_never_taken_over(app: Starlette, database: Database, clock: Clock) -> None:
    """Who has the same name there gets another one here."""
    Visitor(app).sign_on("2")
    there = people(database, clock)
    (made,) = set(there) - {"ana"}
    assert ("auditor", "supervisor") == (there["ana"], there[made])
    assert re.fullmatch(r"ana-[0-9a-f]{8}", made)


def test_a_later_login_brings_the_role(app: Starlette, database: Database, clock: Clock, issuer: str) -> None:
    """Of the same user, whatever they are called now; without one they are refused, and their sessions end."""
    first = Visitor(app)
    first.sign_on("1")
    httpx.put(f"{issuer}/users/1", json={"preferred_username": "olga.q", "groups": ["leads"]})
    Visitor(app).sign_on("1")
    assert {"ana": "auditor", "olga.p": "supervisor"} == people(database, clock)
    assert ("user.role", "user olga.p") in done(database)
    httpx.put(f"{issuer}/users/1", json={"groups": []})
    assert 403 == Visitor(app).sign_on("1").status_code
    first.follow = True
    assert "Log in" in first.get("/queue").text


def test_who_has_no_role_is_refused(app: Starlette, database: Database, clock: Clock) -> None:
    """With a clear text; nobody is made."""
    answer = Visitor(app).sign_on("3")
    assert 403 == answer.status_code
    assert "Ask your administrator for a role" in answer.text
    assert {"ana": "auditor"} == people(database, clock)
    assert [("login.refused", "user eve")] == done(database)


def test_a_disabled_user_is_refused(app: Starlette, database: Database, clock: Clock) -> None:
    """Whatever the provider says."""
    Visitor(app).sign_on("1")
    with database.begin() as connection:
        Accounts(connection, clock).disable("olga.p", by="test")
    assert 403 == Visitor(app).sign_on("1").status_code


def test_the_way_back_of_another_login_is_refused(app: Starlette, clock: Clock) -> None:
    """Of another browser, with another state, too late, or for a second time."""
    mine, other = Visitor(app), Visitor(app)
    back = mine.vouched(mine.begin(), "1")
    assert 401 == Visitor(app).get(back).status_code
    other.begin()
    assert 401 == other.get(back).status_code
    clock.pass_s(601)
    assert 401 == mine.get(back).status_code
    again = mine.vouched(mine.begin(), "1")
    assert [200, 401] == [mine.get(again).status_code for _ in range(2)]


def test_a_token_with_another_nonce_is_refused(app: Starlette) -> None:
    """As when a code is put in that was made for another login."""
    visitor = Visitor(app)
    url = visitor.begin()
    back = visitor.vouched(re.sub(r"nonce=[^&]+", "nonce=anothers", url), "1")
    answer = visitor.get(back)
    assert (401, True) == (answer.status_code, "not one that counts" in answer.text)


def test_a_token_that_has_run_out_is_refused(database: Database, clock: Clock) -> None:
    """By the provider's own word."""
    with provider_of(valid_s=-60) as issuer:
        provider = Provider(issuer, "linewatch", "a secret of the tests", ROLES)
        visitor = Visitor(make_app(database, clock, more=sign_on_page.routes(SignOn(provider))))
        assert 401 == visitor.sign_on("1").status_code


def test_a_token_for_another_client_or_of_another_issuer_is_refused(issuer: str, app: Starlette) -> None:
    """Both are compared with the settings, not with what the provider says of itself."""
    elsewhere = issuer.replace("localhost", "127.0.0.1")  # it calls itself by the name it is asked under

    async def attempt(finisher: Provider) -> str:
        sign_on = SignOn(Provider(issuer, "linewatch", "x", ROLES))
        url, begun = await sign_on.begin("http://localhost/sign-on/finish")
        sign_on.provider = finisher
        back = parse_qs(urlsplit(Visitor(app).vouched(url, "1")).query)["code"][0]
        try:
            said = await sign_on.finish("http://localhost/sign-on/finish", begun, back)
        except RefusedError:
            return "refused"
        return str(said["sub"])

    assert "1" == anyio.run(attempt, Provider(issuer, "linewatch", "x", ROLES))
    assert "refused" == anyio.run(attempt, Provider(issuer, "another", "x", ROLES))
    assert "refused" == anyio.run(attempt, Provider(f"{elsewhere}/", "linewatch", "x", ROLES))


def test_what_the_provider_denies_is_denied(app: Starlette) -> None:
    """It says so itself, or does not know the code."""
    visitor = Visitor(app)
    state = parse_qs(urlsplit(visitor.begin()).query)["state"][0]
    assert "did not let you in" in visitor.get(f"/sign-on/finish?error=access_denied&state={state}").text
    state = parse_qs(urlsplit(visitor.begin()).query)["state"][0]
    assert "not one that counts" in visitor.get(f"/sign-on/finish?code=guessed&state={state}").text


def test_a_provider_that_is_away_is_said(database: Database, clock: Clock) -> None:
    """The password still works."""
    away = SignOn(Provider("http://127.0.0.1:9", "linewatch", "x", ROLES))
    visitor = Visitor(make_app(database, clock, more=sign_on_page.routes(away)))
    assert "does not answer" in visitor.get("/sign-on").text
    assert 502 == visitor.page.status_code


def test_settings_that_do_not_fit_are_refused() -> None:
    """Without TLS, a secret, or roles that there are."""
    for issuer in ("http://idp.example", "ftp://idp.example", "idp"):
        with pytest.raises(ConfigError, match="https"):
            SignOn(Provider(issuer, "linewatch", "x", ROLES))
    with pytest.raises(ConfigError, match="oidc_client_secret"):
        SignOn(Provider("https://idp.example", "linewatch", "", ROLES))
    for text in ("lanes", "lanes=boss", "=operator"):
        with pytest.raises(ConfigError, match="oidc_roles"):
            roles_of(text)
    assert {"a=b": "operator", "c": "admin"} == roles_of("a=b=operator, c=admin,")
