"""Who may use the console, and how does the server know that it is they? Users, passwords, invitations, sessions.

A user is made with a role and a one-time link; whoever opens it chooses the password (argon2id). A login gives a
session: a random token in a cookie, whose hash alone is stored. After `TRIES` failures of a name or of an address it
must wait, and longer each time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select, update

from console import audit
from console.failures import Failures, of_address, of_name
from console.tables import invitations, sessions, users
from schemas.errors import ConfigError

ROLES = ("operator", "supervisor", "analyst", "auditor", "integrity", "admin")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
SHORTEST, LONGEST = 12, 256  # characters of a password (NIST SP 800-63B: length, no rules of composition)
INVITED_MS = 24 * 3_600_000
IDLE_MS, LONGEST_SESSION_MS = 12 * 3_600_000, 7 * 24 * 3_600_000
_hasher = PasswordHasher()
# compared with when there is no such user, so that both take as long
NOBODY = _hasher.hash(secrets.token_hex())


class User(NamedTuple):
    """Who is logged in."""

    name: str
    role: str
    pseudonym: str


class Session(NamedTuple):
    """One login."""

    user: User
    csrf: str
    ages: bool = False  # whether it is to be renewed


class RefusedError(Exception):
    """A login or an invitation that is not accepted; the text may be shown.

    Catch it within the transaction: what was noted of a failure must be committed.
    """


class Accounts:
    """On a connection of the caller's transaction; `now` is ms since 1970."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db, self._now = connection, now

    # -- users ------------------------------------------------------------------------------------------------------

    def add(self, name: str, role: str, *, by: str) -> str:
        """Make a user, and the token of a link with which the password is chosen. ConfigError for a name in use."""
        if not NAME.fullmatch(name):
            raise ConfigError(f"user {name!r}: up to 63 of a-z, 0-9, '.', '_', '-' are required")
        if role not in ROLES:
            raise ConfigError(f"role {role!r}: one of {', '.join(ROLES)} is required")
        if self._row(name) is not None:
            raise ConfigError(f"user {name!r} is there already; `linewatch users link {name}` makes a new link")
        pseudonym = new_pseudonym()
        self._db.execute(insert(users).values(name=name, role=role, pseudonym=pseudonym, created_ms=self._now()))
        audit.add(self._db, self._now(), by, "user.add", f"user {name}", detail={"role": role, "pseudonym": pseudonym})
        return self.invite(name, by=by)

    def invite(self, name: str, *, by: str) -> str:
        """A new one-time token for a user; earlier ones and open sessions end. ConfigError for nobody."""
        if self._row(name) is None:
            raise ConfigError(f"there is no user {name!r}; `linewatch users add {name}` makes one")
        token = secrets.token_urlsafe(32)
        self._db.execute(delete(invitations).where(invitations.c.name == name))
        self._db.execute(delete(sessions).where(sessions.c.name == name))
        until_ms = self._now() + INVITED_MS
        self._db.execute(insert(invitations).values(token_hash=hash_of(token), name=name, until_ms=until_ms))
        audit.add(self._db, self._now(), by, "user.invite", f"user {name}")
        return token

    def disable(self, name: str, *, by: str) -> None:
        """End a user's access. ConfigError for nobody."""
        if self._row(name) is None:
            raise ConfigError(f"there is no user {name!r}")
        self._db.execute(update(users).where(users.c.name == name).values(disabled_ms=self._now()))
        self._db.execute(delete(sessions).where(sessions.c.name == name))
        self._db.execute(delete(invitations).where(invitations.c.name == name))
        audit.add(self._db, self._now(), by, "user.disable", f"user {name}")

    def all(self) -> list[tuple[User, bool]]:
        """Every user, and whether they may log in."""
        rows = self._db.execute(select(users).order_by(users.c.name)).mappings()
        return [
            (
                User(row["name"], row["role"], row["pseudonym"]),
                (row["password"] or row["subject"]) is not None and not row["disabled_ms"],
            )
            for row in rows
        ]

    def _row(self, name: str) -> dict[str, object] | None:
        row = self._db.execute(select(users).where(users.c.name == name)).mappings().first()
        return None if row is None else dict(row)

    # -- invitations ------------------------------------------------------------------------------------------------

    def invited(self, token: str) -> str:
        """Whose link it is. RefusedError for one that is used or too old."""
        wanted = select(invitations).where(invitations.c.token_hash == hash_of(token))
        row = self._db.execute(wanted).mappings().first()
        if row is None or row["until_ms"] < self._now():
            raise RefusedError("This link was used already or is more than a day old. Ask for a new one.")
        return str(row["name"])

    def accept(self, token: str, password: str) -> str:
        """Choose the password of the user whose link it is; their name. RefusedError for what is not accepted."""
        name = self.invited(token)
        check_password(password, name)
        self._db.execute(update(users).where(users.c.name == name).values(password=_hasher.hash(password)))
        self._db.execute(delete(invitations).where(invitations.c.name == name))
        audit.add(self._db, self._now(), name, "user.password", f"user {name}")
        return name

    # -- sessions ---------------------------------------------------------------------------------------------------

    def check(self, name: str, password: str, address: str) -> User:
        """The user with this name and password. RefusedError for any other, and while they must wait."""
        keys = [of_name(name), of_address(address)]
        failures = Failures(self._db, self._now)
        if wait_s := failures.wait_s(keys):
            raise RefusedError(f"Too many failed logins. Try again in {wait_s} s.")
        row = self._row(name)
        hashed = None if row is None or row["disabled_ms"] else row["password"]
        try:
            _hasher.verify(str(hashed or NOBODY), password[:LONGEST])
            known = hashed is not None
        except (VerificationError, InvalidHashError):
            known = False
        if row is None or not known:
            failures.note(keys)
            audit.add(self._db, self._now(), "-", "login.refused", f"user {name[:64]}", detail={"from": address})
            raise RefusedError("Name and password do not fit.")
        failures.forget(keys)
        return User(str(row["name"]), str(row["role"]), str(row["pseudonym"]))

    def log_in(self, user: User, address: str) -> str:
        """The token of a new session."""
        token, now = secrets.token_urlsafe(32), self._now()
        self._db.execute(
            insert(sessions).values(
                token_hash=hash_of(token), name=user.name, csrf=secrets.token_urlsafe(24), created_ms=now, seen_ms=now
            )
        )
        audit.add(self._db, now, user.name, "login", f"user {user.name}", detail={"from": address})
        return token

    def session(self, token: str) -> Session | None:
        """The session of a token, if it has not ended."""
        row = self._db.execute(self._standing(sessions.c.token_hash == hash_of(token))).mappings().first()
        if row is None:
            return None
        ages = self._now() - row["seen_ms"] > IDLE_MS // 100  # not at every request: that would be a write each
        return Session(User(row["name"], row["role"], row["pseudonym"]), row["csrf"], ages)

    def renew(self, token: str) -> None:
        """It is in use: it does not end for idleness."""
        mine = update(sessions).where(sessions.c.token_hash == hash_of(token))
        self._db.execute(mine.values(seen_ms=self._now()))

    def standing(self, tokens: Sequence[str]) -> set[str]:
        """Those whose session has not ended."""
        hashes = {hash_of(token): token for token in tokens}
        rows = self._db.execute(self._standing(sessions.c.token_hash.in_(hashes))).mappings()
        return {hashes[row["token_hash"]] for row in rows}

    def _standing(self, which: ColumnElement[bool]) -> Select[Any]:
        now = self._now()
        return select(sessions, users.c.role, users.c.pseudonym).join(users).where(
            which, users.c.disabled_ms.is_(None), sessions.c.seen_ms >= now - IDLE_MS,
            sessions.c.created_ms >= now - LONGEST_SESSION_MS,
        )  # fmt: skip

    def log_out(self, token: str) -> None:
        """End the session of a token."""
        gone = self.session(token)
        self._db.execute(delete(sessions).where(sessions.c.token_hash == hash_of(token)))
        if gone is not None:
            audit.add(self._db, self._now(), gone.user.name, "logout", f"user {gone.user.name}")


def check_password(password: str, name: str) -> None:
    """RefusedError for one that is too short, too long or the name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise RefusedError(f"A password has {SHORTEST} to {LONGEST} characters; this has {len(password)}.")
    if name in password.lower() or len(set(password)) < 5:
        raise RefusedError("This password is too easy to guess: it must not hold your name or repeat a few characters.")


def new_pseudonym() -> str:
    """`by` of somebody's dispositions."""
    return f"u-{secrets.token_hex(8)}"


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def hash_of(token: str) -> str:
    """Tokens are random and long: one round of SHA-256 keeps them."""
    return hashlib.sha256(token.encode()).hexdigest()
