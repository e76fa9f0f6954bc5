"""What does an open console do, as the server sees it? It listens, and loads its list again when told to.

Real HTTP over sockets. A client does what `console/static/console.js` does: a list is loaded at once, and again for
what came meanwhile, once in so many seconds, but a few times at once where it had been quiet.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import httpx

from benchmarks.machine import ROOT

SCRIPT = ROOT / "console" / "static" / "console.js"


def of_script(name: str) -> int:
    """A constant of the pages' script."""
    found = re.search(rf"^const {name} = ([\d_]+);", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"console.js names no {name}"
    return int(found[1])


class Client:
    """One open console; times are seconds since 1970."""

    def __init__(self, address: str, cookies: dict[str, str], reload_s: float | None) -> None:
        """`reload_s`: the least time between two loads of the list; None: it only listens."""
        self._http = httpx.AsyncClient(base_url=address, cookies=cookies, timeout=60, trust_env=False)
        self._reload_s, self._at_once = reload_s, of_script("AT_ONCE")
        self._news, self._unseen = asyncio.Event(), list[str]()
        self.open = asyncio.Event()
        self.heard: dict[str, float] = {}  # alert -> when
        self.shown: dict[str, float] = {}  # alert -> when a list that was asked for after it had come
        self.events: Counter[str] = Counter()  # alert -> how often; `reload` -> how often it was told to start afresh
        self.loads: list[float] = []  # s each

    @property
    def reads(self) -> bool:
        """Whether it loads the list."""
        return self._reload_s is not None

    async def run(self) -> None:
        """Until it is cancelled."""
        reloading = asyncio.create_task(self._reload())
        try:
            async with self._http.stream("GET", "/feed") as answer:
                answer.raise_for_status()
                async for line in answer.aiter_lines():
                    self._take(line)
        finally:
            reloading.cancel()
            with suppress(asyncio.CancelledError):
                await reloading
            await self._http.aclose()

    def _take(self, line: str) -> None:
        if line.startswith("retry:"):
            self.open.set()
        elif line == "event: reload":
            self.events["reload"] += 1
        elif line.startswith("data: ") and (alert := json.loads(line[6:]).get("alert")):
            self.events[alert] += 1
            self.heard.setdefault(alert, time.time())
            self._unseen.append(alert)
            self._news.set()

    async def _reload(self) -> None:
        due = -math.inf
        while self._reload_s is not None:
            await self._news.wait()
            self._news.clear()
            asked, self._unseen = self._unseen, []
            began = time.time()
            (await self._http.get("/queue/lines")).raise_for_status()
            ended = time.time()
            self.loads.append(ended - began)
            self.shown.update(dict.fromkeys(asked, ended))
            due = max(due, began - self._at_once * self._reload_s) + self._reload_s
            await asyncio.sleep(max(0.0, due - ended))


async def opened(clients: Sequence[Client], within_s: float) -> asyncio.Task[None]:
    """All of them, listening; the task in which they run. An error of one ends it."""

    async def all_of_them() -> None:
        await asyncio.gather(*(client.run() for client in clients))

    running = asyncio.create_task(all_of_them())
    ready = asyncio.gather(*(client.open.wait() for client in clients))
    await asyncio.wait((running, ready), timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        if running.done():
            running.result()
        running.cancel()
        raise RuntimeError(f"not every console was open after {within_s:.0f} s")
    return running
