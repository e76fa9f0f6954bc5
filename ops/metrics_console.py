"""What does `linewatch console` tell Prometheus? How its database stands, and how quickly it answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from console.figures import Figures, figures
from ops.metrics import Spread, Values
from ops.metrics_catalogue import DECISION, MOST_PORTS, MS, OTHER
from ops.metrics_histogram import Histogram
from schemas.dispositions import FOUND, NOT_EXAMINED
from schemas.errors import Unavailable
from schemas.models import OUTCOMES

if TYPE_CHECKING:
    from console.database import Database
    from console.live import Live
    from console.requests import Asked


class ConsoleFigures:
    """Told of requests by the console, asked from the thread that serves."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database, self._now_ms = database, now_ms
        self._requests: dict[tuple[str, ...], Histogram] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None

    def begin(self, live: Live) -> None:
        """The console answers now."""
        self._live = live

    def asked(self, request: Asked) -> None:
        """A request was answered."""
        if not request.stays_open:
            with self._lock:
                key = (request.route, str(request.code))
                self._requests.setdefault(key, Histogram(MS)).take(request.seconds)

    def values(self) -> Values:
        """For the catalogue; not up while the database cannot be read."""
        try:
            with self._database.read() as connection:
                now = figures(connection, self._now_ms(), DECISION)
        except Unavailable:
            return {"up": {(): 0}}
        with self._lock:
            requests = {key: histogram.spread() for key, histogram in self._requests.items()}
        return {
            "up": {(): int(self._live is not None)},
            "decisions_total": {(outcome,): now.decided.get(outcome, 0) for outcome in OUTCOMES},
            "decision_seconds": {(): Spread(now.took, now.took_s)},
            "agreement_ratio": _agreement(now),
            "waiting_alerts": _by_port(now.waiting),
            "oldest_waiting_seconds": {(): now.oldest_s},
            "snoozes_active": {(): now.snoozes},
            "snoozed_alerts": {(): now.hidden},
            "unsent_decisions": {(): now.unsent},
            "open_feeds": {(): 0 if self._live is None else self._live.open},
            "http_request_seconds": requests,
        }


def _agreement(now: Figures) -> dict[tuple[str, ...], float]:
    """Nothing where nothing was examined."""
    examined = sum(n for outcome, n in now.decided.items() if outcome != NOT_EXAMINED)
    confirmed = sum(n for outcome, n in now.decided.items() if outcome in FOUND)
    return {(): confirmed / examined} if examined else {}


def _by_port(waiting: dict[str, int]) -> dict[tuple[str, ...], float]:
    """The first ports by name; the others together."""
    found: Counter[tuple[str, ...]] = Counter()
    for k, port in enumerate(sorted(waiting)):
        found[port if k < MOST_PORTS else OTHER,] += waiting[port]
    return {port: float(n) for port, n in found.items()}
