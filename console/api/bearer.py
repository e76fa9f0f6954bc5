"""Who asks the API, and may they? Bearer tokens with scopes; no cookie is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NamedTuple

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy import Connection

from console import audit
from console.accounts import RefusedError, User
from console.site import Site, site_of
from console.tokens import Bearer, Tokens, TooManyError

SECRET_CHARACTERS = 256
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="linewatch"'}
_scheme = HTTPBearer(auto_error=False, description="A token of `linewatch tokens add`.")


class Caller(NamedTuple):
    """Who asks, and the site that is asked."""

    bearer: Bearer
    site: Site

    @property
    def user(self) -> User:
        """In whose name it is done."""
        return self.bearer.user

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction whose entries in the audit name the token."""
        with self.site.database.begin() as connection:
            yield connection.execution_options(**{audit.PROGRAM: self.bearer.token_id})


def _caller(
    request: Request,
    wanted: SecurityScopes,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
) -> Caller:
    site = site_of(request)
    if shown is None or not 0 < len(shown.credentials) <= SECRET_CHARACTERS:
        raise HTTPException(401, "A token is required: Authorization: Bearer …", headers=CHALLENGE)
    address = request.client.host if request.client is not None else "-"
    with site.database.begin() as connection:
        try:
            bearer = Tokens(connection, site.now).bearer(shown.credentials, address)
        except RefusedError as problem:
            refused = HTTPException(401, str(problem), headers=CHALLENGE)
        except TooManyError as problem:
            refused = HTTPException(429, str(problem), headers={"Retry-After": str(problem.wait_s)})
        else:
            missing = [scope for scope in wanted.scopes if scope not in bearer.scopes]
            if not missing:
                return Caller(bearer, site)
            refused = HTTPException(403, f"This token may not do that: the scope {missing[0]} is not among its own.")
    raise refused


Anybody = Annotated[Caller, Security(_caller)]
AlertsReader = Annotated[Caller, Security(_caller, scopes=["alerts:read"])]
Decider = Annotated[Caller, Security(_caller, scopes=["alerts:decide"])]
Assigner = Annotated[Caller, Security(_caller, scopes=["alerts:assign"])]
SnoozesReader = Annotated[Caller, Security(_caller, scopes=["snoozes:read"])]
SnoozesWriter = Annotated[Caller, Security(_caller, scopes=["snoozes:write"])]
PortsReader = Annotated[Caller, Security(_caller, scopes=["ports:read"])]
NoticesReader = Annotated[Caller, Security(_caller, scopes=["notices:read"])]
AuditReader = Annotated[Caller, Security(_caller, scopes=["audit:read"])]
VehiclesReader = Annotated[Caller, Security(_caller, scopes=["vehicles:read"])]
