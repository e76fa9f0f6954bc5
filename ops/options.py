"""Which options do the commands share, and how do they become settings?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ops.configure import Loaded

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


def setting_options(command: F) -> F:
    """`--config`, `--set` and `--ports`, on every command that reads settings."""
    for option in (
        click.option("--ports", metavar="FILE|us|open", help="Port registry; short for --set ports=..."),
        click.option("--set", "flags", multiple=True, metavar="NAME=VALUE", help="Change a setting; may be repeated."),
        click.option("--config", type=PATH, metavar="C", help="Settings in a TOML file."),
    ):
        command = option(command)
    return command


def load_settings(config: Path | None, flags: tuple[str, ...], **named: object) -> Loaded:
    """The settings of a command; `named` are flags with an option of their own, None where not given."""
    from ops.configure import load

    own = [f"{name}={value}" for name, value in named.items() if value is not None]
    return load(config, [*flags, *own])


def speed(_: click.Context, __: click.Parameter, value: str) -> float | None:
    """Callback of `--speed max|N`: None or the number; a usage error for anything else."""
    if value == "max":
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise click.BadParameter(f"{value!r} is neither `max` nor a number above 0, such as 60")
    return number
