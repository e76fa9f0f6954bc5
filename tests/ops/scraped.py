"""How do the tests read what is served to Prometheus? With Prometheus' own parser, by name and labels."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ops.metrics_catalogue import PREFIX, Metric


class Scraped:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._values: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        self.families = list(text_string_to_metric_families(text))
        for family in self.families:
            for sample in family.samples:
                self._values[sample.name].append((sample.labels, sample.value))

    @property
    def ours(self) -> set[str]:
        """The names of the samples with our prefix, without it."""
        return {name.removeprefix(PREFIX) for name in self._values if name.startswith(PREFIX)}

    def of(self, name: str, **labels: Any) -> list[float]:
        """The values of a metric, of those labels."""
        wanted = labels.items()
        return [value for has, value in self._values.get(PREFIX + name, []) if wanted <= has.items()]

    def sum(self, name: str, **labels: Any) -> float:
        """Their sum; fails where there is none."""
        values = self.of(name, **labels)
        assert values, f"{name}{labels} is not served"
        return sum(values)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sums by the value of a label."""
        sums: dict[str, float] = defaultdict(float)
        for labels, value in self._values[PREFIX + name]:
            sums[labels[label]] += value
        return dict(sums)


def scrape(address: str) -> Scraped:
    """Ask a service, as Prometheus does."""
    answer = httpx.get(address, timeout=60)
    assert 200 == answer.status_code, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Scraped(answer.text)


def missing(scraped: Scraped, metrics: tuple[Metric, ...]) -> list[str]:
    """Metrics of the catalogue of which no sample is there."""
    return [m.name for m in metrics if not scraped.of(m.name + ("_count" if m.kind == "histogram" else ""))]


def samples_of(metrics: tuple[Metric, ...]) -> set[str]:
    """The names that the samples of these metrics have."""
    return {
        m.name + end
        for m in metrics
        for end in (("_bucket", "_sum", "_count") if m.kind == "histogram" else ("",))
    }  # fmt: skip
