"""Which ports of entry are there, where are they, and what time is it there?

A registry is closed (read from a file; other ports are rejects) or open (ports are registered as they come, without a
place, in the default time zone). A port's number is its place in the registry, in the order of the file or of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from schemas.batch import Array
from schemas.errors import ConfigError
from schemas.port_files import Port, builtin_ports, port_from, read_ports
from schemas.zones import LocalClock

MAX_PORTS = 1024
SCHEMA = "ports/1"


@dataclass(frozen=True, slots=True)
class _Limits:
    max_ports: int
    open: bool
    default_time_zone: str


class Ports:
    """The registry. `codes` maps a port's code (such as "2504") to its number; treat it as read-only."""

    def __init__(
        self,
        ports: Iterable[Port] = (),
        *,
        is_open: bool = True,
        max_ports: int = MAX_PORTS,
        default_time_zone: str = "UTC",
    ) -> None:
        """Raises ConfigError for a code that stands twice, an unknown time zone or more than `max_ports` ports."""
        self._limits = _Limits(max_ports, is_open, default_time_zone)
        self._agree: Callable[[str], Sequence[str]] | None = None
        self._clock = LocalClock()
        self._clock.add(default_time_zone)
        self._ports: list[Port] = []
        self._zone_of = np.zeros(max(max_ports, 1), np.int64)
        self.codes: dict[str, int] = {}
        for port in ports:
            if port.code in self.codes:
                raise ConfigError(f"ports: the code {port.code!r} stands twice; each port needs its own")
            if len(self._ports) >= max_ports:
                raise ConfigError(f"ports: at most {max_ports} (max_ports), the registry holds more")
            self._register(port)

    @classmethod
    def open(cls, *, max_ports: int = MAX_PORTS, default_time_zone: str = "UTC") -> Ports:
        """An empty registry that registers ports as they come, up to `max_ports`."""
        return cls(max_ports=max_ports, default_time_zone=default_time_zone)

    @classmethod
    def from_file(cls, path: Path, *, default_time_zone: str = "UTC") -> Ports:
        """The closed registry of a CSV or JSON file; `schemas.port_files` says what it holds. Raises ConfigError."""
        return cls._closed(read_ports(path, default_time_zone), default_time_zone)

    @classmethod
    def builtin(cls, name: str = "us") -> Ports:
        """A closed registry that comes with Linewatch: "us", the land ports of entry. Raises ConfigError for others."""
        return cls._closed(builtin_ports(name), "UTC")

    @classmethod
    def from_setting(cls, value: str, *, max_ports: int = MAX_PORTS, default_time_zone: str = "UTC") -> Ports:
        """What the setting `ports` names: "open", "us" or the path of a registry file. Raises ConfigError."""
        if value == "open":
            return cls.open(max_ports=max_ports, default_time_zone=default_time_zone)
        if value == "us":
            return cls.builtin(value)
        return cls.from_file(Path(value), default_time_zone=default_time_zone)

    @classmethod
    def _closed(cls, ports: list[Port], default_time_zone: str) -> Ports:
        return cls(ports, is_open=False, max_ports=len(ports), default_time_zone=default_time_zone)

    def __len__(self) -> int:
        return len(self._ports)

    def __bool__(self) -> bool:
        return (
            True  # an open registry in which nothing is registered yet is a registry too: `ports or default` keeps it
        )

    def __getitem__(self, code: int) -> Port:
        return self._ports[code]

    @property
    def names(self) -> list[str]:
        """The codes of the ports ("2504", …) by number."""
        return [port.code for port in self._ports]

    @property
    def is_open(self) -> bool:
        """Whether unknown ports are registered as they come."""
        return self._limits.open

    def code_of(self, name: str) -> int:
        """The number of the port; an open registry registers it. Raises KeyError: unknown, or no room is left."""
        known = self.codes.get(name)
        if known is not None:
            return known
        if not self._limits.open or len(self._ports) >= self._limits.max_ports:
            raise KeyError(name)
        if self._agree is not None:
            self.learn(self._agree(name))
            return self.codes[name]
        return self._register(Port(name, name, time_zone=self._limits.default_time_zone))

    def agree_by(self, agree: Callable[[str], Sequence[str]]) -> None:
        """Ask before an open registry registers a port: `agree(code)` gives all codes in the order all agree on.

        For several processes that must give a port the same number. What it gives begins with what is registered.
        """
        self._agree = agree

    def learn(self, codes: Sequence[str]) -> None:
        """Register the codes that are new, in their order; more than fit are left out."""
        for code in codes:
            if code not in self.codes and len(self._ports) < self._limits.max_ports:
                self._register(Port(code, code, time_zone=self._limits.default_time_zone))

    def name_of(self, code: int) -> str:
        """The port's code as crossings carry it, such as "2504"."""
        return self._ports[code].code

    def label_of(self, code: int) -> str:
        """What people call the port, such as "San Ysidro"; its code where no name is known."""
        return self._ports[code].name

    def zone_of(self, code: str) -> ZoneInfo:
        """The time zone of the port with this code; the default one of the registry where it is not known."""
        number = self.codes.get(code)
        return ZoneInfo(self._limits.default_time_zone if number is None else self._ports[number].time_zone)

    def distance_km(self, code: int, other: int) -> float:
        """Great-circle distance, nan where a place is unknown: haversine on a sphere of 6371.0088 km (IUGG)."""
        a, b = self._ports[code], self._ports[other]
        lat_a, lon_a, lat_b, lon_b = map(math.radians, (a.latitude, a.longitude, b.latitude, b.longitude))
        h = math.sin((lat_b - lat_a) / 2) ** 2
        h += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
        return 2 * 6371.0088 * math.asin(math.sqrt(min(h, 1.0))) if not math.isnan(h) else math.nan

    def local_ms(self, time_ms: Array, port: Array) -> Array:
        """The ports' wall clocks as if they were UTC: int64[n] ms since 1970, from UTC int64[n] and numbers int[n]."""
        return self._clock.local_ms(time_ms, self._zone_of[port])

    def _register(self, port: Port) -> int:
        number = len(self._ports)
        self._zone_of[number] = self._clock.add(port.time_zone)
        self._ports.append(port)
        self.codes[port.code] = number
        return number

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values, for a checkpoint."""
        return {
            "schema": SCHEMA,
            "open": self._limits.open,
            "max_ports": self._limits.max_ports,
            "default_time_zone": self._limits.default_time_zone,
            "ports": [port.to_json() for port in self._ports],
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Ports:
        """What `to_json` wrote. Raises ConfigError for anything else."""
        if saved.get("schema") != SCHEMA:
            raise ConfigError(f"ports: a registry saved as {SCHEMA} is required, got {saved.get('schema')!r}")
        zone = str(saved["default_time_zone"])
        ports = [port_from(entry, zone, f"port {number}") for number, entry in enumerate(saved["ports"])]
        return cls(ports, is_open=bool(saved["open"]), max_ports=int(saved["max_ports"]), default_time_zone=zone)
