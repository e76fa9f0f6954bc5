"""What do all tests share? The hypothesis profiles and the folder of real logs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kafka_broker import broker, can_run_kafka, own_broker  # noqa: F401 (fixtures)
from tests.postgres import postgres  # noqa: F401 (fixture)

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"

# Derandomised in CI, so that a red build is red again on the next run; a developer's runs explore.
# No deadline: the first call of a compiled function includes its compilation.
# The codec fuzz sets its own 10,000 examples in CI; everything else takes the numbers here.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real logs beside the checkout.

    It is not part of the repository (the logs are large and have their own licences), so a machine may lack it, CI
    included: then the test skips and says so. A folder that is there but incomplete is an error, never a skip.
    """
    if not SHARED.is_dir():
        pytest.skip(f"the real logs are not on this machine: {SHARED} is absent (see docs/import.md)")
    if not (SHARED / "data").is_dir():
        pytest.fail(f"{SHARED} is there but has no folder `data`: the copy is incomplete")
    return SHARED
