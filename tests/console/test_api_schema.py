"""Does the JSON API keep to its OpenAPI document, whatever is sent? schemathesis tries it, on the real application.

All of its checks: no server errors, only statuses, types and shapes that the document names, what is wrong is refused,
what is right is not, nothing is told without a token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.transport import requests
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from console.api.app import document
from console.app import make_app
from console.database import Database
from console.tokens import SCOPES, Tokens
from tests.console.stored import START, alert, fill, user

EXAMPLES = 8  # of each operation and database
GENERATION = GenerationConfig(deterministic=True, database="none")
CONFIG = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=GENERATION)))
api = schemathesis.openapi.from_dict(json.loads(document()), config=CONFIG)
answers: list[Starlette] = []  # the last one is asked


async def ask(scope: Scope, receive: Receive, send: Send) -> None:
    """The application that is asked now: tests are collected before there is one."""
    await answers[-1](scope, receive, send)


api.app = ask


@pytest.fixture
def headers(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A supervisor's token for twenty alerts; time flies, so that failures are forgotten."""
    # It counts what the pools of urllib3 hold. urllib3-future, which grafana-client brings, takes the place of that and
    # has other pools; nothing is in them here, since no connection is opened.
    monkeypatch.setattr(requests, "_count_opened_connections", lambda _: 0)
    looks = count()

    def now() -> int:
        return round(START.timestamp() * 1000) + next(looks) * 1_200_000

    fill(database, now, [alert(k, port="2504" if k % 2 else "2501") for k in range(20)])
    user(database, now, "sue", "supervisor")
    scopes = [scope for scope, roles in SCOPES.items() if "supervisor" in roles]
    with database.begin() as connection:
        _, secret = Tokens(connection, now).add("sue", scopes, label="schemathesis", days=365, by="test")
    answers.append(make_app(database, now, hosts=["testserver"]))
    yield {"Authorization": f"Bearer {secret}"}
    shutdown_lifespans()
    answers.pop()


@api.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_keeps_to_its_document(case: schemathesis.Case[Any], headers: dict[str, str]) -> None:
    """On both databases."""
    case.call_and_validate(headers=headers)
