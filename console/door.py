"""How is somebody let in without a password? By a one-time link: for the demo, whose user and data last for minutes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.accounts import Accounts, User, same
from console.database import Database
from console.guard import with_session
from console.site import page, site_of

USED = "This link was used already. The terminal in which the demo runs shows the next one."


class Door:
    """One link at a time: it is good once, and who uses it is logged in as the user; then there is another one."""

    def __init__(self, user: User, used: Callable[[str], None]) -> None:
        """`used` gets the path of the next link."""
        self._user, self._used = user, used
        self._token = secrets.token_urlsafe(32)
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """Of the link that is good now."""
        return f"/enter/{self._token}"

    @property
    def routes(self) -> list[Route]:
        """For `make_app`."""
        return [Route("/enter/{token}", self._enter)]

    def _enter(self, request: Request) -> Response:
        with self._lock:
            if not same(request.path_params["token"], self._token):
                return page(request, "login.html", {"problem": USED}, status=410)
            self._token = secrets.token_urlsafe(32)
        site = site_of(request)
        with site.database.begin() as connection:
            token = Accounts(connection, site.now).log_in(self._user, request.client.host if request.client else "-")
        self._used(self.path)
        return with_session(RedirectResponse("/queue", 303), token, request)


def make_user(database: Database, name: str, role: str, now: Callable[[], int]) -> User:
    """A user who can only come through a door: nobody gets the link with which a password is chosen."""
    with database.begin() as connection:
        accounts = Accounts(connection, now)
        accounts.add(name, role, by="demo")
        return next(user for user, _ in accounts.all() if user.name == name)
