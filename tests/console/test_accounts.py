"""Who gets in, who does not, and what is kept of it?"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from console import audit
from console.accounts import (
    IDLE_MS,
    INVITED_MS,
    LONGEST_SESSION_MS,
    Accounts,
    RefusedError,
    User,
)
from console.database import Database
from console.failures import TRIES
from console.tables import invitations, sessions, users
from schemas.errors import ConfigError
from tests.console.stored import PASSWORD, Clock, user


@pytest.fixture
def ana(database: Database, clock: Clock) -> User:
    """An operator."""
    return user(database, clock, "ana")


def test_a_link_is_good_once_and_for_a_day(database: Database, clock: Clock) -> None:
    """Then another has to be made."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        token = accounts.add("ben", "supervisor", by="test")
        clock.ms += INVITED_MS + 1
        with pytest.raises(RefusedError, match="more than a day old"):
            accounts.accept(token, PASSWORD)
        token = accounts.invite("ben", by="test")
        assert "ben" == accounts.accept(token, PASSWORD)
        with pytest.raises(RefusedError, match="used already"):
            accounts.accept(token, PASSWORD)
        assert ("ben", "supervisor") == accounts.check("ben", PASSWORD, "here")[:2]


@pytest.mark.parametrize("password", ["short", "x" * 300, "ben ben ben ben", "aaaaaaaaaaaaaaaa"])
def test_a_weak_password_is_not_taken(password: str, database: Database, clock: Clock) -> None:
    """And the link is still good."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        token = accounts.add("ben", "operator", by="test")
        with pytest.raises(RefusedError, match="password"):
            accounts.accept(token, password)
        assert "ben" == accounts.invited(token)


@pytest.mark.parametrize(
    ("name", "role"), [("Ana", "operator"), ("", "operator"), ("a b", "operator"), ("ben", "boss")]
)
def test_names_and_roles_that_are_none_are_refused(name: str, role: str, database: Database, clock: Clock) -> None:
    """With what is allowed."""
    with database.begin() as connection, pytest.raises(ConfigError, match="required"):
        Accounts(connection, clock).add(name, role, by="test")


def test_nothing_that_opens_a_door_is_stored(database: Database, clock: Clock, ana: User) -> None:
    """No token and no password, only what they are recognised by."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        token, link = accounts.log_in(ana, "here"), accounts.add("ben", "operator", by="test")
        kept = [row for table in (users, sessions, invitations) for row in connection.execute(select(table)).all()]
        noted = list(audit.entries(connection))
    for secret in (PASSWORD, token, link):
        assert secret not in str(kept)
        assert secret not in str(noted)


def test_a_session_ends_when_nobody_uses_it_and_in_any_case_after_a_week(
    database: Database, clock: Clock, ana: User
) -> None:  # fmt: skip
    """And when its user logs out or is disabled."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        idle, used, out, gone = (accounts.log_in(ana, "here") for _ in range(4))
        accounts.log_out(out)
        assert accounts.session(out) is None
        began = clock()
        while clock() - began < LONGEST_SESSION_MS - IDLE_MS:
            clock.ms += IDLE_MS - 1
            found = accounts.session(used)
            assert found is not None
            assert found.ages
            accounts.renew(used)
        assert accounts.session(idle) is None
        clock.ms = began + LONGEST_SESSION_MS + 1
        assert accounts.session(used) is None
        gone = accounts.log_in(ana, "here")
        assert accounts.session(gone) is not None
        accounts.disable("ana", by="test")
        assert accounts.session(gone) is None
        with pytest.raises(RefusedError, match="do not fit"):
            accounts.check("ana", PASSWORD, "elsewhere")


@pytest.mark.usefixtures("ana")
def test_who_guesses_has_to_wait_longer_and_longer(database: Database, clock: Clock) -> None:
    """By name and by address; the right password does not help meanwhile, and ends it afterwards."""
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        for _ in range(TRIES):
            with pytest.raises(RefusedError, match="do not fit"):
                accounts.check("ana", "wrong password", "there")
        with pytest.raises(RefusedError, match="in 1 s"):
            accounts.check("ana", PASSWORD, "here")
        with pytest.raises(RefusedError, match="in 1 s"):
            accounts.check("nobody", PASSWORD, "there")
        clock.pass_s(1)
        with pytest.raises(RefusedError, match="do not fit"):
            accounts.check("ana", "wrong password", "there")
        with pytest.raises(RefusedError, match="in 2 s"):
            accounts.check("ana", PASSWORD, "here")
        clock.pass_s(2)
        assert "ana" == accounts.check("ana", PASSWORD, "there").name
        with pytest.raises(RefusedError, match="do not fit"):
            accounts.check("ana", "wrong password", "there")
        assert "ana" == accounts.check("ana", PASSWORD, "here").name
