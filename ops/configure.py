"""How do flags, environment, file and defaults become one set of settings, each value with its origin?"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from ops.settings import NAMES, PREFIX, Settings, is_secret, read_file
from schemas.errors import ConfigError
from schemas.plates import KEY_VARIABLE

CONFIG_VARIABLE = f"{PREFIX}CONFIG"  # names the file where `--config` does not
NOT_SETTINGS = frozenset({KEY_VARIABLE, CONFIG_VARIABLE})  # the key is read where it is used, it never enters the table


class Loaded(NamedTuple):
    """The settings in force and, for each name, where its value came from."""

    settings: Settings
    origins: dict[str, str]


def load(config: Path | None = None, flags: Iterable[str] = ()) -> Loaded:
    """Merge flags, environment, file and defaults; ConfigError names the key, the source and the remedy."""
    if config is None and CONFIG_VARIABLE in os.environ:
        config = Path(os.environ[CONFIG_VARIABLE])
    values: dict[str, Any] = {}
    origins = dict.fromkeys(NAMES, "default")
    for origin, found in (
        (f"file {config}", _from_file(config)),
        ("environment", _from_environment()),
        ("flag", _from_flags(flags)),
    ):
        values.update(found)
        origins.update(dict.fromkeys(found, origin))
    try:
        settings = Settings(**values)
    except ValidationError as problem:
        raise _explain(problem, values, origins) from None
    if settings.earliest_year >= settings.latest_year:
        raise ConfigError(
            f"setting earliest_year must be below latest_year; got {settings.earliest_year} and "
            f"{settings.latest_year}. Change one of them."
        )
    return Loaded(settings, origins)


def _from_file(config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        found = tomllib.loads(read_file(config, "--config").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"--config {config}: not valid TOML ({problem}). Write lines such as: lateness_ms = 250"
        ) from None
    for key in found:
        _check_known(key, f"file {config}", key)
    return found


def _from_environment() -> dict[str, Any]:
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            _check_known(variable.removeprefix(PREFIX).lower(), "environment", variable)
    return dict(EnvSettingsSource(Settings)())


def _from_flags(flags: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for flag in flags:
        name, equals, value = flag.partition("=")
        name = name.strip()
        if not equals:
            raise ConfigError(f"--set {flag}: name=value is required. Example: --set lateness_ms=500")
        _check_known(name, "flag", f"--set {name}")
        found[name] = value
    return found


def _check_known(name: str, origin: str, shown: str) -> None:
    if name in Settings.model_fields:
        return
    close = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise ConfigError(f"unknown setting {shown} ({origin}): {hint}`linewatch doctor` lists all settings.")


def _explain(problem: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> ConfigError:
    first = problem.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    name = str(first["loc"][0]) if first["loc"] else ""
    field = Settings.model_fields.get(name)
    got = "a secret" if is_secret(name) else repr(first.get("input", values.get(name)))[:120]
    got = re.sub(r"//[^/@]*@", "//…@", got)  # a password in an address
    about = f" {field.description}" if field else ""
    return ConfigError(f"setting {path} (from {origins.get(name, 'default')}): {first['msg']}; got {got}.{about}")
