"""Do the examples for administrators fit the program? Commands, ports and names in `ops/examples/`."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ops.cli import cli
from ops.settings import Settings


@pytest.mark.parametrize("service", ["run", "console", "worker"])
def test_the_unit_starts_a_command_that_is_there(repository: Path, service: str) -> None:
    """With an option that each of the three has."""
    unit = (repository / "ops/examples/linewatch@.service").read_text()
    found = re.search(r"^ExecStart=\S+/linewatch %i (--\S+) \S+ \$ARGS$", unit, re.MULTILINE)
    assert found
    command = cli.get_command(click.Context(cli), service)
    assert command
    assert found[1] in [word for option in command.params for word in option.opts]
    assert service in unit.splitlines()[0]


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_speaks_to_the_console(repository: Path, name: str) -> None:
    """At its default address, and it lets the feed through at once."""
    text = (repository / "ops/examples" / name).read_text()
    settings = Settings()
    assert f"{settings.console_host}:{settings.console_port}" in text
    assert re.search(r"proxy_buffering off;|flush_interval -1", text)
