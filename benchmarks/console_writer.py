"""Who writes the alerts that consoles hear of? A process beside the console, at a steady rate.

`python -m benchmarks.console_writer WHERE RATE COUNT`: WHERE is the console's SQLite file, or the address of the bare
feed. Says `ID SECONDS` of each: when its transaction (its request) began, by the clock that all processes share.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from console.database import Database
from console.store import put
from tests.console.stored import alert


def into_database(path: Path) -> Callable[[int], None]:
    """Stores alerts as the pipeline does, a transaction each."""
    database = Database.open(path)

    def write(number: int) -> None:
        made = alert(number, score=3 + number % 97 / 40, port=str(2501 + number % 4))
        with database.begin() as connection:
            put(connection, [made], time.time_ns() // 1_000_000)

    return write


def into_feed(address: str) -> Callable[[int], None]:
    """Posts what the console would say of an alert."""
    client = httpx.Client(base_url=address)

    def write(number: int) -> None:
        event = {"kind": "alert", "alert": f"a-{number}", "port": "2501", "at_ms": 0}
        client.post("/tell", content=json.dumps(event)).raise_for_status()

    return write


def main(where: str, rate: float, count: int) -> None:
    """See the module."""
    write = into_feed(where) if where.startswith("http://") else into_database(Path(where))
    first = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, first + number / rate - time.monotonic()))
        began = time.time()
        write(number)
        print(f"a-{number} {began!r}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
