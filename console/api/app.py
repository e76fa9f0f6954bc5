"""What is the JSON API? The same things as the pages, for programs: under /api/v1, described by OpenAPI."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from console.api import alerts, ports, records, snoozes, vehicles
from console.api.inputs import ALWAYS, problems
from console.cursor import CursorError
from console.queue import ConflictError
from schemas.errors import Unavailable

PATH = "/api/v1"
ABOUT = (
    "What the console's pages do, for programs. Every call needs a bearer token (`linewatch tokens add`) with the "
    "scope that is named beside it, and is noted in the audit as done by the token's user."
)
ROUTERS = (records.router, alerts.router, snoozes.router, vehicles.router, ports.router)


def make_api() -> FastAPI:
    """The application that is mounted at `PATH`; its `state.site` is set by who mounts it."""
    api = FastAPI(
        title="Linewatch operator console", version="1", description=ABOUT, docs_url=None, redoc_url=None,
        servers=[{"url": PATH}], root_path_in_servers=False, responses=problems(*ALWAYS),
        generate_unique_id_function=lambda route: route.name, redirect_slashes=False,
    )  # fmt: skip
    for router in ROUTERS:
        api.include_router(router)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(CursorError, _cursor)
    api.add_exception_handler(ConflictError, _conflict)
    api.add_exception_handler(Unavailable, _unavailable)
    api.add_exception_handler(Exception, _broken)
    return api


def document() -> str:
    """The OpenAPI document, as docs/openapi.json holds it."""
    return json.dumps(make_api().openapi(), indent=2, ensure_ascii=True) + "\n"


def _http(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)
    headers = dict(problem.headers or {})
    if problem.status_code == 405:  # the framework names the methods of one of the path's routes only
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return _answer(problem.status_code, str(problem.detail), headers)


def _methods(request: Request) -> set[str]:
    """Those of the path that is asked for: the first that fits."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    fits = [route for route in routes if route.matches(request.scope)[0] != Match.NONE]
    return {method for route in fits if route.path == fits[0].path for method in route.methods or ()}


def _invalid(_: Request, problem: Exception) -> JSONResponse:
    """Where and what was required; never what came."""
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())
    return _answer(422, f"{where[:200]}: {first['msg']}")


def _cursor(_: Request, __: Exception) -> JSONResponse:
    return _answer(404, "There is no such page: the cursor is not one that this list gave. Begin without it.")


def _conflict(_: Request, problem: Exception) -> JSONResponse:
    return _answer(409, str(problem))


def _unavailable(_: Request, __: Exception) -> JSONResponse:
    return _answer(503, "The database does not answer. Try again.", {"Retry-After": "5"})


def _broken(_: Request, __: Exception) -> JSONResponse:
    return _answer(500, "The console failed here. Its log says how.")


def _answer(code: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text}, code, headers)
