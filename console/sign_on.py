"""Who is it, says the identity provider? OpenID Connect: authorization code with PKCE, state and nonce, by authlib.

What the provider says in its signed ID token decides: who (`iss` and `sub`), and by one claim which role. The user is
made at the first login and gets the role anew at each. A user who was made here is never taken over, whatever the name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from sqlalchemy import Connection, delete, insert, select, update

from console import audit
from console.accounts import NAME, ROLES, RefusedError, User, new_pseudonym
from console.tables import sessions, users
from schemas.errors import ConfigError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
# a provider's public key verifies these; what it could offer beside them would take a shared secret, or nothing
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
TIMEOUT_S, LEEWAY_S = 10, 30
SUBJECT_CHARACTERS = 256


class Provider(NamedTuple):
    """Where people log in, and who of them may what."""

    issuer: str
    client_id: str
    client_secret: str
    roles: Mapping[str, str]  # value of the claim -> role; the first that somebody has counts
    claim: str = "groups"


class Begun(NamedTuple):
    """What a login that has begun must be finished with."""

    state: str
    nonce: str
    verifier: str


def roles_of(text: str) -> dict[str, str]:
    """`lanes=operator,leads=supervisor` as a table. ConfigError for what is none."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        value, _, role = part.rpartition("=")
        if not value or role not in ROLES:
            raise ConfigError(f"setting oidc_roles: VALUE=ROLE is required, with a role of {', '.join(ROLES)}")
        found[value] = role
    return found


class SignOn:
    """Asks one provider. ConfigError for one that is not complete, or that would be asked without TLS."""

    def __init__(self, provider: Provider) -> None:
        if not (provider.client_id and provider.client_secret and provider.roles):
            raise ConfigError("single sign-on needs the settings oidc_client_id, oidc_client_secret and oidc_roles too")
        if not _is_safe(provider.issuer):
            raise ConfigError("setting oidc_issuer: an https URL is required (http on this machine only)")
        self.provider = provider
        self._app = OAuth().register(
            "provider", client_id=provider.client_id, client_secret=provider.client_secret,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "timeout": TIMEOUT_S},
        )  # fmt: skip

    async def begin(self, back: str) -> tuple[str, Begun]:
        """Where to send somebody, who comes back to the URL `back`. RefusedError when the provider does not answer."""
        try:
            await self._metadata()
            made = await self._app.create_authorization_url(back)
        except (httpx.HTTPError, AuthlibBaseError, RuntimeError, ValueError, KeyError):
            raise RefusedError(
                "The identity provider does not answer as it should. Try again, or log in here."
            ) from None
        return str(made["url"]), Begun(made["state"], made["nonce"], made["code_verifier"])

    async def finish(self, back: str, begun: Begun, code: str) -> dict[str, Any]:
        """What the ID token says, once issuer, audience, signature, expiry and nonce are right. RefusedError if not."""
        try:
            await self._metadata()
            given = await self._app.fetch_access_token(code=code, redirect_uri=back, code_verifier=begun.verifier)
            wanted = {
                "iss": {"essential": True, "value": self.provider.issuer},
                "aud": {"essential": True, "value": self.provider.client_id},
                "sub": {"essential": True}, "exp": {"essential": True}, "nonce": {"essential": True},
            }  # fmt: skip
            said = await self._app.parse_id_token(given, begun.nonce, claims_options=wanted, leeway=LEEWAY_S)
        except (httpx.HTTPError, AuthlibBaseError, JoseError, RuntimeError, ValueError, KeyError):
            said = None
        if said is None:
            raise RefusedError("The identity provider's answer is not one that counts. Log in again.")
        return dict(said)

    async def _metadata(self) -> None:
        """The provider's own description; ValueError where it is another's, or leads out of TLS."""
        said = await self._app.load_server_metadata()
        places = [str(said[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if said["issuer"] != self.provider.issuer or not all(map(_is_safe, places)):
            raise ValueError
        offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        said["id_token_signing_alg_values_supported"] = [name for name in offered if name in SIGNED_BY] or ["RS256"]


def enter(connection: Connection, now: Callable[[], int], provider: Provider, said: Mapping[str, Any]) -> User:
    """The user that an ID token speaks of, made or brought up to date. RefusedError for who may not.

    Catch it within the transaction: that somebody was refused is noted.
    """
    subject = f"{said['iss']}|{said['sub']}"
    row = connection.execute(select(users).where(users.c.subject == subject)).mappings().first()
    role = _role(provider, said.get(provider.claim))
    if role is None or len(subject) > SUBJECT_CHARACTERS or (row is not None and row["disabled_ms"] is not None):
        name = row["name"] if row is not None else _name(said)
        connection.execute(delete(sessions).where(sessions.c.name == (row["name"] if row is not None else None)))
        audit.add(connection, now(), "-", "login.refused", f"user {name}", detail={"by": "single sign-on"})
        raise RefusedError("You are known, but not allowed in here. Ask your administrator for a role in Linewatch.")
    if row is None:
        return _make(connection, now(), (subject, role), _name(said))
    if row["role"] != role:
        connection.execute(update(users).where(users.c.name == row["name"]).values(role=role))
        detail = {"from": row["role"], "to": role}
        audit.add(connection, now(), "single sign-on", "user.role", f"user {row['name']}", detail=detail)
    return User(row["name"], role, row["pseudonym"])


def _make(connection: Connection, now_ms: int, who: tuple[str, str], name: str) -> User:
    """A new user; where the name is taken, with a part of the subject's hash behind it."""
    subject, role = who
    if connection.execute(select(users.c.name).where(users.c.name == name)).first() is not None:
        name = f"{name[:50]}-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"
    made = User(name, role, new_pseudonym())
    connection.execute(insert(users).values(**made._asdict(), created_ms=now_ms, subject=subject))
    detail = {"role": role, "pseudonym": made.pseudonym, "subject": subject}
    audit.add(connection, now_ms, "single sign-on", "user.add", f"user {name}", detail=detail)
    return made


def _role(provider: Provider, has: object) -> str | None:
    """The first of the mapping that somebody has."""
    values = [has] if isinstance(has, str) else has if isinstance(has, list) else []
    return next((role for value, role in provider.roles.items() if value in values), None)


def _name(said: Mapping[str, Any]) -> str:
    """A name as ours are: of the login name, the address, or the subject."""
    for text in (said.get("preferred_username"), said.get("email"), said.get("sub")):
        name = re.sub(r"[^a-z0-9._-]+", "-", str(text or "").lower().split("@")[0]).strip("._-")[:63]
        if NAME.fullmatch(name):
            return name
    return "somebody"


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
