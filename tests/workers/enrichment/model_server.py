"""A model server that speaks OpenAI's chat completions over the real demo model, and that can be made to misbehave."""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from app.workers.enrichment.engine import Prompt, Sampling
from app.workers.enrichment.llama import LlamaModel

KEY = "sk-the-key-of-the-model-server"
NAME = "org/SmolLM2:135m"

Manner = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """`manners` are how the next requests are answered, one each; then as it should be. `asked` is what came."""

    model: LlamaModel
    url: str = ""
    manners: list[Manner] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization"))
        self.asked.append(await request.json())
        if self.manners:
            return await self.manners.pop(0)(request)
        return await self.answer(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer as llama-server does, a piece an event."""
        wanted = await request.json()  # not the last that came: several come at the same time
        system, user = (message["content"] for message in wanted["messages"])
        material, _, question = user.rpartition("\n\n")
        response = await begun(request)
        loop, told = asyncio.get_running_loop(), asyncio.Queue[str | None]()

        def listen(text: str) -> None:
            loop.call_soon_threadsafe(told.put_nowait, text)

        reply = loop.run_in_executor(
            None,
            lambda: self.model.answer(
                Prompt(system, material, question),
                wanted["response_format"]["json_schema"]["schema"],
                Sampling(wanted["temperature"], wanted["seed"]),
                max_tokens=wanted["max_tokens"],
                tick=lambda _: None,
                listen=listen,
            ),
        )
        reply.add_done_callback(lambda _: told.put_nowait(None))
        sent = ""
        while (text := await told.get()) is not None:
            await event(response, {"choices": [{"index": 0, "delta": {"content": text.removeprefix(sent)}}]})
            sent = text
        done = await reply
        reason = "stop" if done.complete else "length"
        await event(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        usage = {
            "prompt_tokens": done.evaluated_tokens + done.reused_tokens,
            "completion_tokens": done.generated_tokens,
            "prompt_tokens_details": {"cached_tokens": done.reused_tokens},
        }
        await event(response, {"choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response


async def begun(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    return response


async def event(response: web.StreamResponse, values: object) -> None:
    await response.write(f"data: {json.dumps(values)}\n\n".encode())


@contextmanager
def running_model_server(model: LlamaModel, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on 127.0.0.1, on a free port unless told otherwise, in a thread, until left; with `tls` as localhost."""
    server = Server(model)
    loop = asyncio.new_event_loop()
    ready, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/{path:.*}", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
        await site.start()
        origin = "http://127.0.0.1" if tls is None else "https://localhost"
        server.url = f"{origin}:{runner.addresses[0][1]}/v1"
        ready.set()
        await end.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(20)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join()
        loop.close()
