"""Which logs are workers compared with one process on? A disordered one and one in order, each with its answer."""

from __future__ import annotations

import pytest

from tests.kafka import border_log
from tests.kafka.cluster import Case, embedded


@pytest.fixture(scope="session")
def disordered(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Late records, repeated ones, some that are none, and dispositions."""
    folder = tmp_path_factory.mktemp("disordered")
    log = border_log.write(folder, squeeze=20)
    answer = embedded(folder, log, dispositions=True)
    assert all(answer.counts[name] > 20 for name in ("late", "duplicates", "rejected"))
    assert len(answer.said.alerts) > 5
    assert answer.said.control
    return Case(log, answer)


@pytest.fixture(scope="session")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Every crossing when it happened."""
    folder = tmp_path_factory.mktemp("in-order")
    log = border_log.write(folder, squeeze=20, disorder=False)
    answer = embedded(folder, log)
    assert 0 == answer.counts["late"]
    assert len(answer.said.alerts) > 5
    return Case(log, answer)
