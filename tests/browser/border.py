"""What do the pages show in the tests and in the documents' pictures? A generated border's alerts, and people at work.

The clock stands a few minutes after the last alert, so that pages look the same on every run, except for what is
random on purpose: pseudonyms of users, ids of decisions and the hashes of the audit.
"""

from __future__ import annotations

from pathlib import Path

from console.accounts import Accounts
from console.database import Database
from console.queue import Queue
from console.store import put
from evaluation.simulator import generate
from ops.configure import load
from ops.wiring import build_codec, build_pipeline, build_ports
from schemas.models import Alert
from schemas.plates import Pseudonymiser
from tests.browser.served import staffed
from tests.console.stored import Clock
from tests.ops.running import LOOSE_FLAGS

# who decides what about the highest alerts, in their order; all the others wait
DECIDED = (("ana", "cleared", "documents_plausible", "Papers of the load agree."), ("ben", "seizure", "goods", ""))
HELD_BY = "ben"


def alerts() -> list[Alert]:
    """Thirty or so of forty days at four ports, found by the real pipeline; in the order of their times."""
    settings = load(flags=[*LOOSE_FLAGS, "ports=us"]).settings
    ports = build_ports(settings)
    traffic = generate(seed=5, days=40, vehicles=2_000, ports=4, planted_rate=0.02)
    batch = build_codec(settings, ports, Pseudonymiser(bytes(32))).decode(b"".join(traffic.lines())).batch
    pipeline = build_pipeline(settings, ports)
    return [*pipeline.push(batch).alerts, *pipeline.flush().alerts]


def at_work(path: Path, clock: Clock, some: list[Alert]) -> dict[str, str]:
    """Fill a new database; what `{alert}` and the like stand for in the paths of the views."""
    clock.ms = round(some[-1].occurred_at.timestamp() * 1000) - 3_600_000
    staffed(path, clock)
    database = Database.open(path)
    with database.begin() as connection:
        accounts = Accounts(connection, clock)
        people = {user.name: user for user, _ in accounts.all()}
        for name in ("ana", "ben"):
            accounts.log_in(people[name], "127.0.0.1")
        put(connection, some, clock())
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
        first, second = (line.alert.alert_id for line in queue.waiting(limit=2))
        queue.open(second, hold=True)
        invited = accounts.add("cleo", "operator", by="adm")
    database.close()
    return {"alert": first, "held": second, "decided": decided, "invited": invited}
