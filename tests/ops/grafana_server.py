"""What stands at the other end of `linewatch grafana push` in tests? A server that knows Grafana's documented API.

It is no Grafana: it keeps what it is sent, answers as the documentation says, and refuses what is not documented, so a
wrong path, a missing field or a wrong type fails the test. Pages: grafana.com/docs/grafana/latest/developer-resources/
api-reference/http-api/ (api-legacy/): folder, data_source, dashboard, alerting_provisioning, annotations, org.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

TOKEN = "glsa_" + "s3cret" * 5
RULE_FIELDS = {
    "title": str, "condition": str, "data": list, "folderUID": str, "ruleGroup": str, "orgID": int, "for": str,
    "noDataState": str, "execErrState": str,
}  # fmt: skip


class Request(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: Any


class Refused(Exception):  # noqa: N818 (what a server says, not a fault of ours)
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Grafana:
    """What the server knows."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.requests: list[Request] = []
        self.folders: dict[str, Any] = {}
        self.sources: dict[str, Any] = {}
        self.boards: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self.annotations: list[dict[str, Any]] = []
        self.down = False
        self.may_edit = True

    def answer(self, request: Request) -> Any:
        """What Grafana would answer; raises Refused."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "Invalid API key")
        if self.down:
            raise Refused(503, "database is locked")
        if request.method != "GET" and not self.may_edit:
            raise Refused(403, "You'll need additional permissions to perform this action")
        for method, pattern, name in ROUTES:
            found = re.fullmatch(self.prefix + pattern, request.path)
            if found and method == request.method:
                return getattr(self, name)(request, *found.groups())
        raise Refused(404, f"not documented: {request.method} {request.path}")

    def org(self, _: Request) -> Any:
        """GET /api/org."""
        return {"id": 7, "name": "Port authority"}

    def get_folder(self, _: Request, uid: str) -> Any:
        """GET /api/folders/:uid."""
        return self._there(self.folders, uid)

    def post_folder(self, request: Request) -> Any:
        """POST /api/folders."""
        body = self._fields(request, {"title": str, "uid": str})
        if body["uid"] in self.folders:
            raise Refused(409, "a folder with the same name already exists")
        self.folders[body["uid"]] = body
        return body

    def get_source(self, _: Request, uid: str) -> Any:
        """GET /api/datasources/uid/:uid."""
        return self._there(self.sources, uid)

    def post_source(self, request: Request) -> Any:
        """POST /api/datasources."""
        body = self._fields(request, {"name": str, "type": str, "url": str, "access": str, "uid": str})
        self.sources[body["uid"]] = {**body, "readOnly": False}
        return {"message": "Datasource added", "name": body["name"]}

    def put_source(self, request: Request, uid: str) -> Any:
        """PUT /api/datasources/uid/:uid."""
        self._there(self.sources, uid)
        body = self._fields(request, {"name": str, "type": str, "url": str, "access": str})
        self.sources[uid] = {**body, "readOnly": False}
        return {"message": "Datasource updated", "name": body["name"]}

    def post_board(self, request: Request) -> Any:
        """POST /api/dashboards/db."""
        body = self._fields(request, {"dashboard": dict, "folderUid": str, "overwrite": bool, "message": str})
        board = body["dashboard"]
        if not re.fullmatch(r"[\w-]{1,40}", board.get("uid", "")) or not board.get("title") or board.get("id"):
            raise Refused(400, "dashboard: uid of at most 40 characters, a title and no id are required")
        self._there(self.folders, body["folderUid"])
        if board["uid"] in self.boards and not body["overwrite"]:
            raise Refused(412, "The dashboard has been changed by someone else")
        self.boards[board["uid"]] = board
        return {"uid": board["uid"], "status": "success", "version": 1}

    def put_group(self, request: Request, folder: str, title: str) -> Any:
        """PUT /api/v1/provisioning/folder/:folderUid/rule-groups/:group."""
        body = self._fields(request, {"title": str, "folderUid": str, "interval": int, "rules": list})
        self._there(self.folders, folder)
        if (body["title"], body["folderUid"]) != (title, folder):
            raise Refused(400, "group and folder are others than in the address")
        for rule in body["rules"]:
            for field, kind in RULE_FIELDS.items():
                if not isinstance(rule.get(field), kind):
                    raise Refused(400, f"rule {rule.get('title')}: {field} is required")
            if rule["condition"] not in {step["refId"] for step in rule["data"]}:
                raise Refused(400, "condition must be the refId of a step")
            for step in rule["data"]:
                if step["datasourceUid"] != "__expr__":
                    self._there(self.sources, step["datasourceUid"])
        self.groups[title] = body
        return body

    def get_annotations(self, request: Request) -> Any:
        """GET /api/annotations: all tags must be there; from and to in ms."""
        if unknown := set(request.query) - {"from", "to", "limit", "tags", "type", "dashboardUID", "panelId"}:
            raise Refused(400, f"no such parameter: {unknown}")
        first, last = (int(request.query.get(k, [d])[0]) for k, d in (("from", "0"), ("to", str(2**53))))
        tags = set(request.query.get("tags", []))
        return [a for a in self.annotations if tags <= set(a["tags"]) and first <= a["time"] <= last]

    def post_annotation(self, request: Request) -> Any:
        """POST /api/annotations."""
        body = self._fields(request, {"text": str, "time": int, "tags": list})
        self.annotations.append({**body, "id": len(self.annotations) + 1})
        return {"message": "Annotation added", "id": len(self.annotations)}

    @staticmethod
    def _there(kept: dict[str, Any], uid: str) -> Any:
        if uid not in kept:
            raise Refused(404, f"{uid} not found")
        return kept[uid]

    @staticmethod
    def _fields(request: Request, wanted: Mapping[str, type]) -> dict[str, Any]:
        if not isinstance(request.body, dict) or "application/json" not in request.headers.get("Content-Type", ""):
            raise Refused(400, "a JSON object is required")
        for field, kind in wanted.items():
            if not isinstance(request.body.get(field), kind):
                raise Refused(400, f"{field}: {kind.__name__} is required, got {request.body.get(field)!r}")
        return request.body


UID = r"([\w-]{1,40})"
ROUTES = (
    ("GET", "/api/org", "org"),
    ("GET", f"/api/folders/{UID}", "get_folder"),
    ("POST", "/api/folders", "post_folder"),
    ("GET", f"/api/datasources/uid/{UID}", "get_source"),
    ("POST", "/api/datasources", "post_source"),
    ("PUT", f"/api/datasources/uid/{UID}", "put_source"),
    ("POST", "/api/dashboards/db", "post_board"),
    ("PUT", f"/api/v1/provisioning/folder/{UID}/rule-groups/([^/]+)", "put_group"),
    ("GET", "/api/annotations", "get_annotations"),
    ("POST", "/api/annotations", "post_annotation"),
)


@contextmanager
def serving(grafana: Grafana) -> Iterator[str]:
    """Serve it on a free port of this machine; the address without a path."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
            grafana.requests.append(request)
            try:
                status, said = 200, grafana.answer(request)
            except Refused as problem:
                status, said = problem.status, {"message": str(problem)}
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 (the library's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
