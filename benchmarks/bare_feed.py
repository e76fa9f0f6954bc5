"""What is the least that a live feed can be? Server-sent events of a Starlette application that keeps nothing.

No database, no login, no pages: what is posted to /tell goes into the queue of everybody who listens to /feed. The
console's load is measured beside it (`benchmarks/console_load.py`). `python -m benchmarks.bare_feed` serves it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

listeners: set[asyncio.Queue[bytes]] = set()


async def tell(request: Request) -> Response:
    """To all who listen."""
    data = await request.body()
    for queue in listeners:
        queue.put_nowait(b"event: change\ndata: " + data + b"\n\n")
    return Response(status_code=204)


async def feed(_: Request) -> Response:
    """Until the client goes."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    listeners.add(queue)

    async def stream() -> AsyncIterator[bytes]:
        try:
            yield b"retry: 1000\n\n"
            while True:
                yield await queue.get()
        finally:
            listeners.discard(queue)

    return StreamingResponse(stream(), media_type="text/event-stream")


def main() -> None:
    """On a free port of this machine."""
    app = Starlette(routes=[Route("/tell", tell, methods=["POST"]), Route("/feed", feed)])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"ready: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
