"""How does something noticed become a notice? A sentence with its numbers, and who it is for.

Notices are few; they are written in plain Python, and follow from the log and the configuration alone. The `integrity`
audience gets what detectors of that audience say, at most once a day for a vehicle, officer and port; it never shows up
in an alert.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Literal, cast

import numpy as np

from detectors.base import DAY_MS, HOUR_MS, Context
from detectors.judge import SAID_A_NAT, kept
from schemas.batch import DIRECTIONS
from schemas.models import Notice, moment_of
from schemas.ports import Ports
from schemas.wire import Direction
from stream.port_stage import Verdicts
from stream.stages import Layout
from stream.words import Word

Kind = Literal["reader_fault", "flow_anomaly", "displacement", "drift"]
FOR_SUPERVISORS = frozenset({"displacement", "drift"})
INTEGRITY_P = 1e-4
SENTENCES = {
    "direction": "No {way} reads at port {port} in the last {span} ({observed}, usually {usual}) while the other "
    "direction flows: the reader may be down.",
    "lane": "No reads in lane {lane} of port {port} ({way}) in the last {span} ({observed}, usually {usual}) while the "
    "port flows: the reader may be down.",
    "confidence": "Reads in lane {lane} of port {port} ({way}) have lost confidence: {observed} on average, usually "
    "{usual}: the reader may be dirty or out of line.",
    "less": "Far less traffic at port {port}{on_way} in the last {span}: {observed}, usually {usual}.",
    "more": "Far more traffic at port {port}{on_way} in the last {span}: {observed}, usually {usual}.",
    "shift": "Traffic at port {port} has settled at another level: {observed} in the last {span}, usually {usual}.",
    "new": "Port {port} has begun to carry traffic: {observed} crossings in {span}.",
    "detector": "{detector} finds {observed} of its answers odd, usually {usual}: it is calibrated anew on what comes "
    "now.",
    "mix": "{detector} has moved to port {port}: {observed} of its alerts of the last week are there, before it was "
    "{usual}; port {other} has lost most.",
}


class NoticeBuilder:
    """Builds notices for one configuration."""

    def __init__(self, layout: Layout, ports: Ports, config_id: str) -> None:
        self.layout, self.ports, self.config_id = layout, ports, config_id
        self.told: dict[str, int] = {}  # vehicle, officer and port of an integrity notice -> day
        self._integrity = [k for k, d in enumerate(layout.detectors) if d.audience == "integrity"]

    def notices(self, words: Sequence[Word]) -> list[Notice]:
        """One notice a word."""
        return [self._notice(word) for word in words]

    def _notice(self, word: Word) -> Notice:
        percent = word.about in {"detector", "mix"}
        numbers = [word.observed, *word.usual]
        low, high = (_number(x, percent=percent, exact=word.about == "confidence") for x in word.usual)
        way = DIRECTIONS[word.direction] if word.direction >= 0 else None
        sentence = SENTENCES[word.about].format(
            port=self._port(word.port), other=self._port(word.other), lane=word.lane, way=way,
            on_way=f" ({way})" if way else "", span=_span(word.hours), detector=self._column(word.column),
            observed=_number(word.observed, percent=percent, exact=word.about == "confidence"),
            usual=low if low == high else f"{low} to {high}",
        )  # fmt: skip
        return Notice(
            notice_id=self._id("|".join(map(str, word[:7])) + f"|{word.column}"),
            occurred_at=moment_of((word.hour + 1) * HOUR_MS),
            kind=cast("Kind", word.kind),
            audience="supervisor" if word.kind in FOR_SUPERVISORS else "operator",
            port=self._port(word.port) if word.port >= 0 else None,
            lane=word.lane,
            direction=cast("Direction", way),
            detector=None if word.column < 0 else self._column(word.column),
            p_value=None if word.p is None else float(f"{max(word.p, 1e-15):.6g}"),
            observed=round(numbers[0], 4),
            usual=[round(numbers[1], 4), round(numbers[2], 4)],
            sentence=sentence,
            config=self.config_id,
        )

    def integrity(self, verdicts: Verdicts) -> Iterator[Notice]:
        """What detectors of that audience find among decided crossings; see the module."""
        least = kept(math.log(INTEGRITY_P))
        for column in self._integrity:
            for i in np.flatnonzero(verdicts.said[:, column] >= least).tolist():
                batch = verdicts.assessed.batch
                day = int(batch.time_ms[i]) // DAY_MS
                port = self._port(int(batch.port[i]))
                key = f"{column}|{batch.vehicle_key[i]}|{batch.officer[i]}|{port}"
                if self.told.get(key, -1) < day:
                    self.told = {old: told for old, told in self.told.items() if told >= day - 1}
                    self.told[key] = day
                    yield self._finding(verdicts, i, column, port)

    def _finding(self, verdicts: Verdicts, i: int, column: int, port: str) -> Notice:
        assessed, batch = verdicts.assessed, verdicts.assessed.batch
        detector, way = self.layout.detectors[column], DIRECTIONS[batch.direction[i]]
        numbers = assessed.evidence[i, self.layout.slices[detector.name]].tolist()
        finding = detector.explain(
            dict(zip(detector.evidence, numbers, strict=True)), Context(port, self.ports.name_of, way)
        )
        return Notice(
            notice_id=self._id(f"{detector.name}|{batch.crossing_id[i]}"),
            occurred_at=moment_of(int(batch.time_ms[i])),
            kind="integrity",
            audience="integrity",
            port=port,
            lane=batch.lane[i],
            direction=cast("Direction", way),
            detector=f"{detector.name}@{detector.version}",
            crossing_id=batch.crossing_id[i],
            p_value=float(f"{math.exp(-(int(verdicts.said[i, column]) - 1) / SAID_A_NAT):.3g}"),
            observed=finding.observed,
            usual=None if finding.usual is None else list(finding.usual),
            sentence=finding.sentence,
            config=self.config_id,
        )

    def _port(self, number: int) -> str:
        return self.ports.name_of(number) if number >= 0 else ""

    def _column(self, column: int) -> str:
        """A detector's name and version; the last column is the combination."""
        return self.layout.names[column] if 0 <= column < len(self.layout.names) else "the combined score"

    def _id(self, what: str) -> str:
        return hashlib.sha256(f"{what}\n{self.config_id}".encode()).hexdigest()[:32]


def _number(x: float, *, percent: bool, exact: bool) -> str:
    """As people read it.

    >>> _number(0.1234, percent=True, exact=False), _number(41.6, percent=False, exact=False)
    ('12.3 %', '42')
    """
    return f"{100 * x:.3g} %" if percent else f"{x:.2f}" if exact else f"{x:,.0f}"


def _span(hours: int) -> str:
    """A time as people say it.

    >>> _span(1), _span(6), _span(168)
    ('hour', '6 h', '7 days')
    """
    return "hour" if hours == 1 else f"{hours} h" if hours < 72 else f"{hours // 24} days"
