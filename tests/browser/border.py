"""What do the pages show in the tests and in the documents' pictures? A generated border's alerts, and people at work.

The clock stands a few minutes after the last alert, so that pages look the same on every run, except for what is
random on purpose: pseudonyms of users, ids of decisions and the hashes of the audit.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, insert

from console.accounts import Accounts, User
from console.database import Database
from console.queue import Queue
from console.snoozes import Snoozes
from console.store import AlertStore, put_notices
from console.tables import dispositions
from evaluation.simulator import generate
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.models import Alert, Notice
from schemas.plates import Pseudonymiser
from schemas.ports import Ports
from stream.pipeline import Decided
from tests.browser.served import staffed
from tests.console.stored import Clock
from tests.ops.running import LOOSE_FLAGS

# who decides what about the highest alerts, in their order; all the others wait
DECIDED = (("ana", "cleared", "documents_plausible", "Papers of the load agree."), ("ben", "seizure", "goods", ""))
HELD_BY = "ben"


class Found(NamedTuple):
    """What the real pipeline said of a generated border."""

    ports: Ports
    decided: list[Decided]
    alerts: list[Alert]  # in the order of their times


def found() -> Found:
    """Thirty alerts or so of forty days at four ports, and all the crossings."""
    settings = load(flags=[*LOOSE_FLAGS, "ports=us"]).settings
    ports = build_ports(settings)
    traffic = generate(seed=5, days=40, vehicles=2_000, ports=4, planted_rate=0.02)
    batch = build_codec(settings, ports, Pseudonymiser(bytes(32))).decode(b"".join(traffic.lines())).batch
    pipeline = build_pipeline(settings, ports)
    decided = [pipeline.push(batch), pipeline.flush()]
    return Found(ports, decided, [alert for part in decided for alert in part.alerts])


def at_work(path: Path, clock: Clock, what: Found) -> dict[str, str]:
    """Fill a new database; what `{alert}` and the like stand for in the paths of the views."""
    some = what.alerts
    clock.ms = round(some[-1].occurred_at.timestamp() * 1000) - 3_600_000
    staffed(path, clock)
    database = Database.open(path)
    store = AlertStore(database, what.ports, clock=clock)
    for part in what.decided:
        store.write(part)
    store.finish()
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        people = {user.name: user for user, _ in accounts.all()}
        for name in ("ana", "ben"):
            accounts.log_in(people[name], "127.0.0.1")
        decided = ""
        for name, outcome, code, note in DECIDED:
            clock.pass_s(70)
            queue = Queue(connection, people[name], clock)
            decided = queue.next() or ""
            queue.open(decided, hold=True)
            clock.pass_s(35)
            queue.decide(decided, outcome, code, note)
        clock.ms = round(some[-1].occurred_at.timestamp() * 1000) + 240_000
        queue = Queue(connection, people[HELD_BY], clock)
        first, second, third, *_, last = (line.alert for line in queue.waiting())
        queue.open(second.alert_id, hold=True)
        queue.assign(third.alert_id, "ana")
        why = "Carrier changed its depot; the office has the letter."
        (snooze,) = Snoozes(connection, people["sue"], clock).add(last.vehicle, last.typologies[:1], 7, why)
        _earlier(connection, people, clock())
        put_notices(connection, [_officer(some[-1], k) for k in range(2)], clock())
        invited = accounts.add("cleo", "operator", by="adm")
    database.close()
    return {
        "alert": first.alert_id, "vehicle": first.vehicle, "held": second.alert_id, "decided": decided,
        "company": _beside(some), "snooze": snooze, "snoozed": last.alert_id, "invited": invited,
    }  # fmt: skip


def _beside(some: list[Alert]) -> str:
    """An alert of a vehicle that crosses beside another."""
    return next(alert.alert_id for alert in some if {"convoy", "spotter"} & set(alert.typologies))


def _earlier(connection: Connection, people: dict[str, User], now_ms: int) -> None:
    """What was decided in the days before: by Ana with care, by Ben in three seconds, nearly always alike."""
    for name, count, seconds in (("ana", 31, 24), ("ben", 40, 2)):
        rows = [
            {
                "disposition_id": f"d-{name}-{k}", "alert_id": None, "crossing_id": f"c-{name}-{k}", "code": "other",
                "outcome": "seizure" if k % 29 == 5 else "referred_nothing" if k % 5 == 1 and name == "ana" else
                "cleared", "note": "", "by": people[name].pseudonym, "selected_by": "alert", "sent_ms": now_ms,
                "at_ms": now_ms - 7_000_000 * (k + 1), "undone_ms": None,
                "seen_ms": now_ms - 7_000_000 * (k + 1) - 1_000 * seconds * (1 + k * k % 7) // 2,
            }
            for k in range(count)
        ]  # fmt: skip
        connection.execute(insert(dispositions), rows)


def _officer(alert: Alert, number: int) -> Notice:
    """What the integrity role is told."""
    return Notice.model_validate(
        {
            "schema": "notice/1", "notice_id": f"n-{number}", "kind": "integrity", "audience": "integrity",
            "occurred_at": alert.occurred_at - dt.timedelta(hours=30 * number), "port": alert.port,
            "crossing_id": alert.crossing_id, "config": alert.config,
            "sentence": f"This vehicle met one officer at {11 - number} of its 14 last crossings, with 5 lanes open.",
        }
    )  # fmt: skip
