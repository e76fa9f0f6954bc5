"""Is what services say readable for people and for machines, and does it give nobody and nothing away?"""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from ops import log
from ops.progress import LOGGER, say
from ops.settings import Settings
from schemas.errors import Reject
from tests.ops.running import linewatch, start, wait_for

PASSWORD = "pass-word-1"  # noqa: S105 (likewise)
SECRET = "s3cret-token-of-the-ingest"  # noqa: S105 (the test's own)
JSON = ("--set", "log_format=json")
CORE = '"port": "1", "lane": "1", "direction": "inbound"'
BAD = f"""[]
{{"crossing_id": "c-7", "occurred_at": "yesterday", {CORE}, "vehicle": "pseudonym-1"}}
{{"crossing_id": "c-8", {CORE}, "plate": "7ABC123"}}
""".encode()


def events(err: str) -> list[dict[str, Any]]:
    """Standard error as objects; fails for a line that is none."""
    return [json.loads(line) for line in err.splitlines()]


def test_each_line_is_one_event(tmp_path: Path) -> None:
    """With a name, a level, a time in UTC, the sentence for people, and fields; a refusal with its crossing's id."""
    ended = linewatch(tmp_path, "run", "--source", "-", "--data", "data", *JSON, stdin=BAD)
    said = events(ended.err)
    assert 0 == ended.code
    for event in said:
        assert {"event", "level", "timestamp", "message"} <= set(event)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event["timestamp"])
    named = {event["event"]: event for event in said}
    assert ("standard input", 0, "info") == (named["ready"]["source"], named["ready"]["lines"], named["ready"]["level"])
    assert (3, 0) == (named["stopped"]["lines"], named["stopped"]["alerts"])
    refused = [event for event in said if event["event"] == "refused"]
    assert [("not_object", None), ("bad_time", "c-7")] == [(e["reason"], e["crossing_id"]) for e in refused[:2]]
    assert [1, 2, 3] == [event["line"] for event in refused]
    assert not re.search("7ABC123|pseudonym-1", ended.err)


def test_people_get_a_sentence_a_line(tmp_path: Path) -> None:
    """Begun with the program's name, as ever."""
    ended = linewatch(tmp_path, "run", "--source", "-", "--data", "data", stdin=BAD)
    assert all(line.startswith("linewatch: ") for line in ended.lines)
    assert "linewatch: refused crossings line 2, crossing c-7: bad_time" in ended.lines
    assert any(line.startswith("linewatch: ready: standard input") for line in ended.lines)


def test_a_failure_is_an_event_too(tmp_path: Path) -> None:
    """One object with the reason, and the exit code as ever."""
    ended = linewatch(tmp_path, "run", "--source", "none.jsonl", *JSON)
    (failed,) = events(ended.err)
    assert (1, "failed", "error") == (ended.code, failed["event"], failed["level"])
    assert "cannot follow none.jsonl" in failed["message"]


@pytest.fixture
def configured() -> Iterator[Callable[..., None]]:
    """`log.configure` with settings; put back as it was afterwards."""
    names = ("", LOGGER, *log.LIBRARIES)
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).handlers[:]) for name in names}
    for name in log.LIBRARIES:  # as in a new process: clients of other tests have quietened theirs
        logging.getLogger(name).setLevel(logging.NOTSET)
    yield lambda **values: log.configure(Settings(**values))
    structlog.reset_defaults()
    for name, (level, handlers) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).handlers[:] = handlers


def test_what_libraries_say_goes_the_same_way(
    configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """From warnings on, a line each; of an exception its kind and place, for its text may quote what was sent."""
    configured(log_format="json")
    try:
        int("7ABC123")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    logging.getLogger("kafka").warning("%s is away", "a broker")
    logging.getLogger("faust").info("idle talk")
    failed, away = events(capsys.readouterr().err)
    assert ("ValueError", "error", "uvicorn.error") == (failed["exception"], failed["level"], failed["logger"])
    assert Path(__file__).name in failed["where"]
    assert "7ABC123" not in str(failed)
    assert ("a broker is away", "warning", "kafka") == (away["event"], away["level"], away["logger"])


def test_nothing_below_the_level_is_said(configured: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """Of what services say."""
    configured(log_level="error")
    say("ready: now", "ready")
    say("it broke", "broken", level="error")
    assert "linewatch: it broke\n" == capsys.readouterr().err


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_masked_wherever_they_stand(
    form: str, configured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """In our events and in those of libraries, in every form."""
    configured(log_format=form, ingest_token=SECRET, kafka_password=PASSWORD)
    say(f"token {SECRET}", "said", field=f"{SECRET}")
    logging.getLogger("aiokafka").error("login with %s failed", PASSWORD)
    text = capsys.readouterr().err
    assert 2 == len(text.splitlines())
    assert (2 if form == "console" else 3) == text.count("[secret]")
    assert not re.search(f"{SECRET}|{PASSWORD}", text)


def test_a_flood_of_refusals_is_summed_up(configured: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """The first ten of a minute, then how many more there were."""
    configured(log_format="json")
    now = [0.0]
    refusals = log.Refusals(lambda: now[0])
    flood = [Reject("json", "no", line, 0, b"x") for line in range(1, 26)]
    refusals.tell(flood[:4])
    refusals.tell(flood[4:])
    now[0] = 61.0
    refusals.tell(flood[:1])
    said = events(capsys.readouterr().err)
    assert [*range(1, 11), None, 1] == [event.get("line") for event in said]
    assert ("refused_more", 15) == (said[10]["event"], said[10]["count"])


def test_requests_are_told_by_the_id_of_their_answer(tmp_path: Path) -> None:
    """By the pattern of the page, never what was asked for; no link that lets somebody in is in a log."""
    child = start(tmp_path, "console", "--data", "data", "--set", "console_port=0", *JSON, "--set", "log_level=debug",
                  stdout=subprocess.DEVNULL)  # fmt: skip
    address = json.loads(wait_for(child, '"ready"'))["address"]
    ids = [httpx.get(address + path, timeout=60).headers["x-request-id"] for path in ("/healthz", "/alerts/7ABC123")]
    child.send_signal(signal.SIGTERM)
    assert child.stderr is not None
    with child.stderr as said:
        err = said.read()  # not `communicate`, which passes over what is in the stream's buffer already
    assert 0 == child.wait(60)
    requests = {event["request_id"]: event for event in events(err) if event["event"] == "request"}
    assert ["/healthz", "/alerts/{alert_id}"] == [requests[one]["route"] for one in ids]
    assert 200 == requests[ids[0]]["code"]
    assert not re.search("7ABC123|/welcome/", err)
    assert "no_user" in [event["event"] for event in events(err)]
