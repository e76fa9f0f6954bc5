"""What stands in a file of ports, and how is it read?

CSV with a header, or JSON: a list of objects, or an object with that list under "ports". Fields: `code` (required, 1-32
characters), `name`, `latitude` and `longitude` (degrees, both or none), `time_zone` (tz database name), `lanes` (number
of primary lanes, 0 = unknown). Other fields are passed over.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError

BUILTIN = {"us": "us_land_ports.csv"}


@dataclass(frozen=True, slots=True)
class Port:
    """One port of entry. Degrees north and east, nan where unknown; `lanes` 0 where unknown."""

    code: str
    name: str
    latitude: float = math.nan
    longitude: float = math.nan
    time_zone: str = "UTC"
    lanes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain values; an unknown place is null."""
        place = (None, None) if math.isnan(self.latitude) else (self.latitude, self.longitude)
        return {
            "code": self.code,
            "name": self.name,
            "latitude": place[0],
            "longitude": place[1],
            "time_zone": self.time_zone,
            "lanes": self.lanes,
        }


def read_ports(path: Path, default_time_zone: str) -> list[Port]:
    """The ports of the file, in its order. Raises ConfigError, with the line or entry, for what cannot be used."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"ports {path}: cannot be read ({error.strerror}); name a registry file, or `open`, or `us`"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"ports {path}: UTF-8 is required, byte {error.start} is not") from error
    return _parse(text, str(path), default_time_zone)


def builtin_ports(name: str) -> list[Port]:
    """The ports of a registry that comes with Linewatch. Raises ConfigError for an unknown name."""
    if name not in BUILTIN:
        raise ConfigError(f"ports: {name!r} does not come with Linewatch; there is {', '.join(BUILTIN)}")
    return _parse(resources.files("schemas").joinpath(BUILTIN[name]).read_text("utf-8"), BUILTIN[name], "UTC")


def _parse(text: str, where: str, default_time_zone: str) -> list[Port]:
    entries: Any
    if text.lstrip()[:1] in ("[", "{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"ports {where}: not JSON ({error})") from error
        entries = document.get("ports") if isinstance(document, dict) else document
        first, unit = 1, "entry"
    else:
        entries = list(csv.DictReader(text.splitlines()))
        first, unit = 2, "line"
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"ports {where}: no port in it; a CSV with a header, or a JSON list of objects is required")
    return [port_from(e, default_time_zone, f"{where}, {unit} {number}") for number, e in enumerate(entries, first)]


def port_from(entry: Any, default_time_zone: str, where: str) -> Port:
    """The port that one entry describes; `where` goes into the ConfigError for one that cannot be used."""
    if not isinstance(entry, Mapping):
        raise ConfigError(f"ports {where}: an object with `code`, `name`, … is required")
    code = entry.get("code")
    if not isinstance(code, str) or not 1 <= len(code) <= 32:
        raise ConfigError(f"ports {where}: `code` is required, a text of 1 to 32 characters, got {code!r}")
    latitude, longitude = (_number(entry, name, limit, where) for name, limit in (("latitude", 90), ("longitude", 180)))
    if math.isnan(latitude) != math.isnan(longitude):
        raise ConfigError(f"ports {where}: `latitude` and `longitude` go together, one of them is missing")
    lanes = 0.0 if entry.get("lanes") in (None, "") else _number(entry, "lanes", 10_000, where)
    if lanes < 0 or lanes % 1:
        raise ConfigError(f"ports {where}: `lanes` is a whole number, 0 for unknown, got {entry.get('lanes')!r}")
    zone = entry.get("time_zone") or default_time_zone
    return Port(code, str(entry.get("name") or code), latitude, longitude, str(zone), int(lanes))


def _number(entry: Mapping[str, Any], name: str, limit: float, where: str) -> float:
    value = entry.get(name)
    if value is None or value == "":
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not -limit <= number <= limit:
        raise ConfigError(f"ports {where}: `{name}` is a number from -{limit} to {limit}, got {value!r}")
    return number
