"""What does the HTTP ingest take, refuse and keep? The real application, and the real spool on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from console.ingest import Limits, is_loopback, make_app
from schemas.plates import Pseudonymiser
from stream.spool import SpoolWriter, segments

TOKEN = "secret"  # noqa: S105 (the test's own)
NDJSON = {"content-type": "application/x-ndjson"}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SpoolWriter]:
    """An empty spool."""
    made = SpoolWriter(tmp_path, segment_bytes=1_000_000)
    yield made
    made.close()


def asker(app: Starlette, base: str = "http://127.0.0.1") -> Ask:
    """A function that sends one request to the application."""

    def ask(method: str, path: str, **more: object) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as client:
                return await client.request(method, path, **more)  # type: ignore[arg-type]

        return anyio.run(send)

    return ask


def app(spool: SpoolWriter, *, token: str = "", status: str = "ok") -> Starlette:
    """The application with a small limit."""
    limits = Limits(2_000, token, not token)
    return make_app(spool, Pseudonymiser(bytes(32)), limits, lambda: {"status": status}, lambda: b"some_total 1\n")


def stored(folder: Path) -> bytes:
    """Everything in the spool."""
    return b"".join(path.read_bytes() for _, path in segments(folder))


def test_lines_are_on_disk_when_they_are_acknowledged(spool: SpoolWriter, tmp_path: Path) -> None:
    """202 with the count; blank lines and a missing last newline are no matter; bad lines are kept too."""
    answer = asker(app(spool))("POST", "/crossings", content=b'{"crossing_id": "a"}\n\nnonsense', headers=NDJSON)
    assert (202, {"lines": 2, "bytes": 30}) == (answer.status_code, answer.json())
    assert 2 == stored(tmp_path).count(b"\n")


def test_no_plate_reaches_the_disk(spool: SpoolWriter, tmp_path: Path) -> None:
    """Neither from a good line nor from a broken one."""
    rows = [json.dumps({"crossing_id": "a", "plate": "7ABC123", "plate_jurisdiction": "US-CA"}), '{"plate": "7ABC123"']
    assert 202 == asker(app(spool))("POST", "/crossings", content="\n".join(rows), headers=NDJSON).status_code
    assert b"7ABC123" not in stored(tmp_path)
    assert b'"vehicle":' in stored(tmp_path)


@pytest.mark.parametrize(
    ("headers", "size", "status"),
    [
        ({**NDJSON, "authorization": "Bearer secret"}, 10, 202),
        (NDJSON, 10, 401),
        ({**NDJSON, "authorization": "Bearer wrong"}, 10, 401),
        ({**NDJSON, "authorization": "secret"}, 10, 401),
        ({"authorization": "Bearer secret", "content-type": "text/plain"}, 10, 415),
        ({**NDJSON, "authorization": "Bearer secret", "content-encoding": "gzip"}, 10, 415),
        ({**NDJSON, "authorization": "Bearer secret"}, 2_001, 413),
    ],
)
def test_who_may_send_what(headers: dict[str, str], size: int, status: int, spool: SpoolWriter, tmp_path: Path) -> None:
    """The token, the media type and the size are checked before anything is stored."""
    answer = asker(app(spool, token=TOKEN))("POST", "/crossings", content=b"x" * size, headers=headers)
    assert status == answer.status_code, answer.text
    assert (status == 202) == bool(stored(tmp_path))


def test_a_body_without_length_is_cut_off_at_the_limit(spool: SpoolWriter, tmp_path: Path) -> None:
    """A chunked body cannot fill the memory."""

    async def endless() -> object:
        for _ in range(100):
            yield b"x" * 100

    answer = asker(app(spool))("POST", "/crossings", content=endless(), headers=NDJSON)
    assert (413, b"") == (answer.status_code, stored(tmp_path))


def test_a_web_page_on_another_name_cannot_reach_a_local_service(spool: SpoolWriter) -> None:
    """Without a token only requests to loopback by name or number are answered (DNS rebinding)."""
    answer = asker(app(spool), "http://evil.example")("POST", "/crossings", content=b"{}", headers=NDJSON)
    assert 400 == answer.status_code


def test_a_spool_that_cannot_be_written_asks_the_sender_to_come_again(tmp_path: Path) -> None:
    """503 with Retry-After: nothing is acknowledged that is not safe."""
    gone = SpoolWriter(tmp_path, segment_bytes=1_000)
    gone.close()  # writing fails now, as on a disk that is not there any more
    answer = asker(app(gone))("POST", "/crossings", content=b"{}", headers=NDJSON)
    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("starting", 503), ("stopped", 503)])
def test_health_is_what_the_runner_says(status: str, code: int, spool: SpoolWriter) -> None:
    """A probe sees a service that takes lines but no longer works on them."""
    answer = asker(app(spool, status=status))("GET", "/healthz")
    assert (code, status) == (answer.status_code, answer.json()["status"])


def test_metrics_ask_for_the_same_token(spool: SpoolWriter) -> None:
    """Whoever may not send may not watch either; where there is no token, everybody here may."""
    ask = asker(app(spool, token=TOKEN))
    assert 401 == ask("GET", "/metrics").status_code
    assert "some_total 1\n" == ask("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text
    assert 200 == asker(app(spool))("GET", "/metrics").status_code


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    """Nobody else can reach it."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "example.org"])  # noqa: S104 (that is the question)
def test_everything_else_needs_a_token(host: str) -> None:
    """A name that is not known counts as reachable."""
    assert not is_loopback(host)
