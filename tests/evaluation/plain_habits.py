"""Is the system fitted to its own simulator? A log by another hand: plain habits, one oddity each, nothing else.

2,000 vehicles with one hour, one port (and now and then a second), one length of stay and, where they are trucks, one
weight. With probability `rate` a trip takes its hour or its port from anywhere, or its stay or weight is multiplied.
After the measurements of the planning note (`detection.md`). Nothing of `evaluation/simulator` is used.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
START_MS = 1_767_571_200_000  # 2026-01-05T00:00Z, a Monday
LABELS = {"hour": "odd_hour", "port": "new_port", "stay": "quick_turnaround", "weight": "weight_delta"}
Row = tuple[int, int, int, int, bool, float, str, int]  # ms, vehicle, port, direction, truck, kg, oddity, trip


def trips(rng: np.random.Generator, vehicle: int, rate: float, days: int, ports: int) -> list[Row]:
    """One vehicle's crossings: out and back on its days."""
    truck = bool(rng.random() < 0.2)
    home = int(rng.integers(ports))
    second, elsewhere = (home + 1 + int(rng.integers(3))) % ports, rng.beta(1, 25)
    hour, jitter = rng.choice([7.0, 8.0, 12.0, 17.0, 22.0]) + rng.normal(), rng.uniform(0.3, 1.8)
    stay_h, spread = rng.choice([2.0, 6.0, 9.0, 20.0]) * np.exp(rng.normal(0, 0.3)), rng.uniform(0.12, 0.5)
    often = np.clip(rng.lognormal(np.log(0.45), 0.7), 0.03, 1.0)
    kg, load = rng.uniform(12_000, 32_000), rng.uniform(0.03, 0.12)
    rows: list[Row] = []
    for day in np.flatnonzero(rng.random(days) < often).tolist():
        out = START_MS + day * DAY_MS + int((hour + rng.normal(0, jitter)) * HOUR_MS)
        stay, weight = stay_h * np.exp(rng.normal(0, spread)), kg * np.exp(rng.normal(0, load))
        port, odd = second if rng.random() < elsewhere else home, ""
        if rng.random() < rate and day > days / 4:
            odd = str(rng.choice(["hour", "port", "stay", "weight"][: 4 if truck else 3]))
            if odd == "hour":
                out = START_MS + day * DAY_MS + int(rng.uniform(0, 24) * HOUR_MS)
            elif odd == "port":
                port = int(rng.integers(ports))
            elif odd == "stay":
                stay *= np.exp(rng.choice([-1, 1]) * rng.uniform(1, 2.5))
            else:
                weight *= np.exp(rng.choice([-1, 1]) * rng.uniform(0.25, 0.6))
        if rows and out <= rows[-1][0]:
            continue
        way_out = odd if odd in ("hour", "port") else ""
        rows.append((out, vehicle, port, 1, truck, weight, way_out, day))
        rows.append((out + int(stay * HOUR_MS), vehicle, port, 0, truck, weight, odd, day))
    return rows


def write(folder: Path, seed: int, rate: float, vehicles: int = 2000, days: int = 90, ports: int = 20) -> None:
    """Write `crossings.jsonl` and `labels.csv`."""
    rng = np.random.default_rng(seed)
    rows = sorted(row for vehicle in range(vehicles) for row in trips(rng, vehicle, rate, days, ports))
    with (folder / "crossings.jsonl").open("w") as log, (folder / "labels.csv").open("w") as labels:
        labels.write("crossing_id,label,episode\n")
        for number, (at, vehicle, port, direction, truck, kg, odd, trip) in enumerate(rows):
            line = {
                "crossing_id": f"p{number}",
                "occurred_at": f"{np.datetime64(at, 'ms')}Z",
                "port": f"P{port}",
                "lane": "1",
                "direction": ("inbound", "outbound")[direction],
                "vehicle": f"v{vehicle}",
                "vehicle_class": "truck" if truck else "passenger",
            }
            log.write(json.dumps(line | ({"weight_kg": round(kg)} if truck else {})) + "\n")
            if odd:
                labels.write(f"p{number},{LABELS[odd]},{vehicle * 1000 + trip}\n")
