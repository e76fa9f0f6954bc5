"""What may a program do that uses the JSON API? What its token's scopes say, and never more than its user may.

A token belongs to a user: what is done with it is done in that user's name, and ends with the user. It is random and
shown once; only its hash is kept. It runs out after `DAYS` days unless it is told otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import Connection, insert, select, update

from console import audit
from console.accounts import RefusedError, User, hash_of
from console.failures import Failures, of_address
from console.queue import MAY_DECIDE, MAY_LOOK
from console.tables import tokens, users
from schemas.errors import ConfigError

DAYS, LONGEST_DAYS = 90, 365
DAY_MS = 86_400_000
USED_MS = 60_000  # its use is noted once a minute: a write each
LABEL_CHARACTERS = 64
PREFIX = "lw_"  # so that who searches for secrets finds one
# scope -> the roles whose tokens may have it: those that may do the same on the pages
SCOPES: dict[str, tuple[str, ...]] = {
    "alerts:read": MAY_LOOK,
    "alerts:decide": MAY_DECIDE,
    "alerts:assign": ("supervisor",),
    "snoozes:read": MAY_LOOK,
    "snoozes:write": MAY_DECIDE,
    "vehicles:read": MAY_LOOK,
    "ports:read": MAY_LOOK,
    "notices:read": (*MAY_LOOK, "integrity"),
    "audit:read": ("auditor", "supervisor", "admin"),
}


class Bearer(NamedTuple):
    """Who asks with a token."""

    user: User
    token_id: str
    scopes: tuple[str, ...]  # those that the user's role still allows


class Token(NamedTuple):
    """One, without the secret."""

    token_id: str
    name: str
    label: str
    scopes: str
    created_ms: int
    until_ms: int
    used_ms: int | None
    ended_ms: int | None


class TooManyError(Exception):
    """An address showed too many tokens that are none; it must wait."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many tokens were refused. Try again in {wait_s} s.")
        self.wait_s = wait_s


class Tokens:
    """On a connection of the caller's transaction; `now` is ms since 1970."""

    def __init__(self, connection: Connection, now: Callable[[], int]) -> None:
        self._db, self._now = connection, now

    def add(self, name: str, scopes: Sequence[str], *, label: str, days: int, by: str) -> tuple[str, str]:
        """Make one: its id and the secret. ConfigError for what a user of this role may not have."""
        role = self._db.execute(
            select(users.c.role).where(users.c.name == name, users.c.disabled_ms.is_(None))
        ).scalar()
        if role is None:
            raise ConfigError(f"there is no user {name!r} who may log in; `linewatch users list` shows them")
        _check(str(role), scopes, label, days)
        secret, token_id, now = PREFIX + secrets.token_urlsafe(32), f"t-{secrets.token_hex(6)}", self._now()
        row = {"token_id": token_id, "name": name, "label": label, "scopes": " ".join(sorted(set(scopes)))}
        self._db.execute(
            insert(tokens).values(token_hash=hash_of(secret), created_ms=now, until_ms=now + days * DAY_MS, **row)
        )
        detail = {"token": token_id, "label": label, "scopes": row["scopes"], "days": days}
        audit.add(self._db, now, by, "token.add", f"user {name}", detail=detail)
        return token_id, secret

    def end(self, token_id: str, *, by: str) -> None:
        """From now on it opens nothing. ConfigError for one that is not there or has ended."""
        mine = update(tokens).where(tokens.c.token_id == token_id, tokens.c.ended_ms.is_(None))
        name = self._db.execute(mine.values(ended_ms=self._now()).returning(tokens.c.name)).scalar()
        if name is None:
            raise ConfigError(f"there is no token {token_id!r}, or it has ended; `linewatch tokens list` shows them")
        audit.add(self._db, self._now(), by, "token.end", f"user {name}", detail={"token": token_id})

    def all(self) -> list[Token]:
        """Every token, by user and age."""
        columns: list[Any] = [tokens.c[name] for name in Token._fields]
        wanted = select(*columns).order_by(tokens.c.name, tokens.c.created_ms, tokens.c.token_id)
        return [Token._make(row) for row in self._db.execute(wanted)]

    def bearer(self, secret: str, address: str) -> Bearer:
        """Whose token it is. RefusedError for none that stands, TooManyError when the address must wait first.

        Catch both within the transaction: a failure is noted. A token that stands opens at once, whatever others at
        the same address do: it is too long to be guessed, and nobody can shut it out by guessing.
        """
        wanted = select(tokens, users.c.role, users.c.pseudonym).join(users).where(
            tokens.c.token_hash == hash_of(secret), users.c.disabled_ms.is_(None),
            tokens.c.ended_ms.is_(None), tokens.c.until_ms > self._now(),
        )  # fmt: skip
        row = self._db.execute(wanted).mappings().first()
        if row is None:
            self._refuse(address)
        if row["used_ms"] is None or self._now() - row["used_ms"] > USED_MS:
            used = update(tokens).where(tokens.c.token_id == row["token_id"])
            self._db.execute(used.values(used_ms=self._now()))
        allowed = tuple(scope for scope in row["scopes"].split() if row["role"] in SCOPES.get(scope, ()))
        return Bearer(User(row["name"], row["role"], row["pseudonym"]), row["token_id"], allowed)

    def _refuse(self, address: str) -> NoReturn:
        failures, key = Failures(self._db, self._now), [of_address(address)]
        if wait_s := failures.wait_s(key):
            raise TooManyError(wait_s)
        failures.note(key)
        audit.add(self._db, self._now(), "-", "token.refused", "token", detail={"from": address})
        raise RefusedError("This token is not known, has ended or has run out. `linewatch tokens add` makes one.")


def _check(role: str, scopes: Sequence[str], label: str, days: int) -> None:
    if not scopes:
        raise ConfigError(f"a token needs a scope; these are allowed to a {role}: {', '.join(_of_role(role))}")
    for scope in scopes:
        if scope not in SCOPES:
            raise ConfigError(f"scope {scope!r}: one of {', '.join(SCOPES)} is required")
        if role not in SCOPES[scope]:
            raise ConfigError(f"scope {scope!r}: is not for the role {role}; it may have {', '.join(_of_role(role))}")
    if not 0 < len(label) <= LABEL_CHARACTERS or not label.isprintable():
        raise ConfigError(f"label: 1 to {LABEL_CHARACTERS} printable characters are required, that say what it is for")
    if not 1 <= days <= LONGEST_DAYS:
        raise ConfigError(f"days: 1 to {LONGEST_DAYS} are required; a token does not last for ever")


def _of_role(role: str) -> list[str]:
    return [scope for scope, roles in SCOPES.items() if role in roles]
