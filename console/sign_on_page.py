"""How does somebody get in by single sign-on? To the identity provider, back with a code, on with a session.

What the login was begun with is kept in a cookie of its own, signed, for ten minutes, for these pages alone. It is
`SameSite=Lax`: the way back begins at another site, where a strict cookie stays behind. For the same reason the last
page does not redirect: the browser would take that for a part of the way, and not send the session's strict cookie.
The page goes on by itself, and that is a way within this site.
"""

from __future__ import annotations

import hashlib

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.accounts import Accounts, RefusedError, same
from console.guard import with_session
from console.sign_on import Begun, SignOn, enter
from console.site import page, site_of

COOKIE = "linewatch-sign-on"
PATH = "/sign-on"
LASTS_S = 600
CODE_CHARACTERS = 4_096
BEGIN = "sign_on"  # the route's name: the login page has the button where there is one


def routes(sign_on: SignOn) -> list[Route]:
    """For an application with a provider."""
    key = OctKey.import_key(hashlib.sha256(f"linewatch sign-on {sign_on.provider.client_secret}".encode()).digest())

    async def begin(request: Request) -> Response:
        try:
            url, begun = await sign_on.begin(_back(request))
        except RefusedError as problem:
            return page(request, "login.html", {"problem": problem}, status=502)
        until = site_of(request).now() // 1000 + LASTS_S
        answer = RedirectResponse(url, 303)
        answer.set_cookie(
            COOKIE, jwt.encode({"alg": "HS256"}, begun._asdict() | {"exp": until}, key), max_age=LASTS_S, path=PATH,
            httponly=True, samesite="lax", secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    async def finish(request: Request) -> Response:
        try:
            said = await sign_on.finish(_back(request), *_answered(request, key))
        except RefusedError as problem:
            return _without(page(request, "login.html", {"problem": problem}, status=401))
        return _without(await run_in_threadpool(_log_in, request, sign_on, said))

    return [Route(PATH, begin, name=BEGIN), Route(f"{PATH}/finish", finish)]


def _log_in(request: Request, sign_on: SignOn, said: dict[str, object]) -> Response:
    site, address = site_of(request), request.client.host if request.client is not None else "-"
    with site.database.begin() as connection:
        try:
            user = enter(connection, site.now, sign_on.provider, said)
        except RefusedError as problem:
            return page(request, "login.html", {"problem": problem}, status=403)
        token = Accounts(connection, site.now).log_in(user, address)
    return with_session(page(request, "signed_on.html", {"name": user.name}), token, request)


def _answered(request: Request, key: OctKey) -> tuple[Begun, str]:
    """What the login was begun with, and the code that came back. RefusedError for the way back of another login."""
    code = request.query_params.get("code", "")
    try:
        said = jwt.decode(request.cookies.get(COOKIE, ""), key, algorithms=["HS256"]).claims
        until, begun = int(said["exp"]), Begun(str(said["state"]), str(said["nonce"]), str(said["verifier"]))
    except (JoseError, ValueError, KeyError, TypeError):
        until, begun = 0, Begun("", "", "")
    if until * 1000 < site_of(request).now() or not same(request.query_params.get("state", ""), begun.state):
        raise RefusedError("This login was begun elsewhere, or too long ago. Log in again.")
    if not 0 < len(code) <= CODE_CHARACTERS:
        raise RefusedError("The identity provider did not let you in.")
    return begun, code


def _without(answer: Response) -> Response:
    """What the login was begun with is good for one try."""
    answer.delete_cookie(COOKIE, path=PATH)
    return answer


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}{PATH}/finish"
