"""Was what happened to ports noticed, once and not all the time? Notices of the scored period against events.csv."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evaluation.bench import HOUR_MS, Bench
from evaluation.labels import Event
from evaluation.results import Notices, PortEvent, finite
from schemas.models import Notice, moment_of, rfc3339

FLOW = frozenset({"reader_fault", "flow_anomaly", "displacement"})  # what an event at a port may be noticed as
WITHIN_H = 7 * 24  # after an event
WEEK_H = 7 * 24


def notices(bench: Bench, port_names: list[str]) -> Notices:
    """Counts by kind, and for each event the first notice of its port within a week."""
    split = bench.split
    said = [(_ms(notice), notice) for notice in bench.scores.notices]
    said = [(at, notice) for at, notice in said if at >= split.split_ms]
    seen = {port_names[code] for code in np.unique(bench.scores.port).tolist()}
    events = [event for event in bench.truth.events if split.split_ms <= event.at_ms <= split.end_ms]
    weeks = len(seen) * (split.end_ms - split.split_ms) / HOUR_MS / WEEK_H
    near = [notice for at, notice in said if any(_about(event, at, notice) for event in events)]
    flow = sum(notice.kind == "flow_anomaly" for _, notice in said)
    return Notices(
        count=dict(sorted(Counter(notice.kind for _, notice in said).items())),
        per_port_week=finite(len(said) / weeks) if weeks else None,
        events=[_event(event, said) for event in events if event.port in seen],
        elsewhere=flow - sum(notice.kind == "flow_anomaly" for notice in near),
    )


def _ms(notice: Notice) -> int:
    return round(notice.occurred_at.timestamp() * 1000)


def _about(event: Event, at_ms: int, notice: Notice) -> bool:
    """Whether a notice may be of this event: at its port, or of all ports, in the week after it."""
    return notice.port in {event.port, None} and 0 <= at_ms - event.at_ms <= WITHIN_H * HOUR_MS


def _event(event: Event, said: list[tuple[int, Notice]]) -> PortEvent:
    of_it = [(at, notice) for at, notice in said if notice.kind in FLOW and _about(event, at, notice)]
    first = min(of_it, key=lambda one: one[0], default=None)
    return PortEvent(
        port=event.port,
        what=event.what,
        at=rfc3339(moment_of(event.at_ms)),
        noticed_as=first[1].kind if first else None,
        hours_until=finite((first[0] - event.at_ms) / HOUR_MS) if first else None,
    )
