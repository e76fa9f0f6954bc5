"""Do the pipeline, the console and its commands work on one database, as a port would run them?"""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.console.stored import PASSWORD
from tests.ops.running import LOOSE, linewatch, one_line, start, wait_for, write_log


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in which `linewatch run` has left alerts."""
    write_log(tmp_path / "log.jsonl", vehicles=500)
    log = (tmp_path / "log.jsonl").read_bytes()
    ran = linewatch(tmp_path, "run", "--source", "-", "--data", "data", *LOOSE, stdin=log)
    assert 0 == ran.code, ran.err
    return tmp_path / "data"


@pytest.fixture
def address(data: Path) -> Iterator[str]:
    """A console over them."""
    child = start(data.parent, "console", "--data", "data", "--set", "console_port=0", stdout=subprocess.DEVNULL)
    found = re.search(r"http://[0-9.:]+", wait_for(child, "ready:"))
    assert found
    yield found[0]
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=60)
    assert 0 == child.returncode, err


def test_what_run_found_waits_in_the_console(data: Path, address: str) -> None:
    """Users are made in a terminal; the audit is whole afterwards."""
    added = linewatch(data.parent, "users", "add", "ana", "--data", "data")
    assert 0 == added.code, added.err
    with httpx.Client(base_url=address, headers={"origin": address}, follow_redirects=True, timeout=60) as ana:
        page = ana.post(added.out.strip(), data={"password": PASSWORD})
        assert page.url.path == "/queue"
        waiting = re.search(r'data-count="(\d+)"', page.text)
        assert waiting
        assert int(waiting[1]) == alerts(data) > 0
    listed = linewatch(data.parent, "users", "list", "--data", "data").out
    assert re.search(r"^ana +operator$", listed, re.MULTILINE)
    assert re.search(r"^admin +admin +cannot log in$", listed, re.MULTILINE)
    whole = linewatch(data.parent, "audit", "verify", "--data", "data")
    assert 0 == whole.code
    last = whole.out.split()[-1]
    assert "whole" in linewatch(data.parent, "audit", "verify", "--known", last, "--data", "data").out
    assert 1 == linewatch(data.parent, "audit", "verify", "--known", "0f" * 32, "--data", "data").code


def test_a_changed_audit_is_found(data: Path, address: str) -> None:
    """By the command's exit code."""
    assert "ok" == httpx.get(f"{address}/healthz", timeout=60).text
    with sqlite3.connect(data / "console.sqlite") as db:
        db.execute("UPDATE audit SET why = 'changed' WHERE seq = 1")
    db.close()
    found = linewatch(data.parent, "audit", "verify", "--data", "data")
    assert 1 == found.code
    assert "entry 1 does not follow" in found.out


def test_a_user_twice_and_nobody_are_errors(tmp_path: Path) -> None:
    """Each with what to do."""
    assert 0 == linewatch(tmp_path, "users", "add", "ana", "--role", "auditor", "--data", "d").code
    one_line(linewatch(tmp_path, "users", "add", "ana", "--data", "d"), "there already", "users link ana")
    one_line(linewatch(tmp_path, "users", "disable", "ben", "--data", "d"), "no user 'ben'")
    assert 0 == linewatch(tmp_path, "users", "disable", "ana", "--data", "d").code


def alerts(data: Path) -> int:
    """How many are in the database."""
    with sqlite3.connect(data / "console.sqlite") as db:
        (count,) = db.execute("SELECT count(*) FROM alerts").fetchone()
    db.close()
    return int(count)
