"""How do figures become a page for Prometheus? Sources give values by name; the catalogue says what each one is.

Values are asked for when Prometheus asks, so counting costs the pipeline next to nothing. A value that is not in the
catalogue for this command is an error: nothing is served that is not documented.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, cast

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ops import metrics_catalogue as catalogue
from schemas.errors import ConfigError


class Spread(NamedTuple):
    """A histogram: how many values up to each bucket but not the one before, the last those beyond; and their sum."""

    counts: Sequence[int]
    total: float


Values = Mapping[str, Mapping[tuple[str, ...], float | Spread]]  # name without prefix -> values of the labels -> value
Source = Callable[[], Values]  # called from the thread that serves


class _Catalogued(Collector):
    """The metrics of some commands, as the catalogue describes them."""

    def __init__(self, commands: Sequence[str], sources: Sequence[Source]) -> None:
        self._commands, self._sources = commands, sources

    def collect(self) -> Iterator[Metric]:
        """Every metric of the commands, those without a value too: their name and help are there."""
        found: dict[str, Mapping[tuple[str, ...], float | Spread]] = {}
        for source in self._sources:
            found |= source()
        found["build_info"] = {(importlib.metadata.version("linewatch"),): 1}
        for metric in catalogue.served_by(*self._commands):
            yield _family(metric, found.pop(metric.name, {}))
        if found:
            raise AssertionError(
                f"not in ops/metrics_catalogue.py for {', '.join(self._commands)}: {', '.join(sorted(found))}"
            )


def registry(commands: Sequence[str], *sources: Source) -> CollectorRegistry:
    """A registry of its own for a process that does the work of these commands: what the sources give, and the process.

    Of a value that several sources give the last one's stands.
    """
    made = CollectorRegistry()
    made.register(_Catalogued(commands, sources))
    ProcessCollector(registry=made)
    return made


def page(of: CollectorRegistry) -> bytes:
    """The text that Prometheus reads (exposition format 0.0.4)."""
    return generate_latest(of)


class MetricsServer:
    """`/metrics` on a port of its own, in a thread, until `close`."""

    def __init__(self, of: CollectorRegistry, host: str, port: int) -> None:
        """ConfigError when the address cannot be had; port 0 takes a free one (see `address`)."""
        try:
            self._server, self._thread = start_http_server(port, host, of)
        except OSError as problem:
            raise ConfigError(
                f"cannot listen on {host}:{port} ({problem.strerror}). Change metrics_host or metrics_port."
            ) from None

    @property
    def address(self) -> str:
        """As Prometheus is told it."""
        host, port = self._server.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/metrics"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _family(metric: catalogue.Metric, values: Mapping[tuple[str, ...], float | Spread]) -> Metric:
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.full_name, metric.help, labels=metric.labels)
        bounds = [*map(floatToGoString, metric.buckets), "+Inf"]
        for labels, value in values.items():
            counts, total = cast("Spread", value)
            histogram.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.full_name, metric.help, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, cast("float", value))
    return family
