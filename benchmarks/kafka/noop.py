"""How fast is Faust itself? An agent as its documentation has it, that does nothing with raw records of a topic.

    python -m benchmarks.kafka.noop HOST:PORT TOPIC COUNT

prints the seconds from the first of COUNT events to the last.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from typing import Any

import faust


async def drain(bootstrap: str, topic: str, count: int, folder: str) -> float:
    """Seconds for `count` events, in a group of its own."""
    app = faust.App(
        f"noop-{time.time_ns()}", broker=f"kafka://{bootstrap}", datadir=folder, autodiscover=False, web_enabled=False,
        topic_disable_leader=True, consumer_auto_offset_reset="earliest",
    )  # fmt: skip
    seen, start, end = 0, 0.0, asyncio.Event()
    taken = 0.0

    async def agent(stream: Any) -> None:
        nonlocal seen, start, taken
        async for _ in stream:
            if not seen:
                start = time.perf_counter()
            seen += 1
            if seen == count:
                taken = time.perf_counter() - start
                end.set()

    app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"))(agent)
    await app.start()
    await end.wait()
    await app.stop()
    return taken


def main(arguments: list[str]) -> None:
    """See the module."""
    bootstrap, topic, count = arguments
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(drain(bootstrap, topic, int(count), folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
