"""What aiohttp does by itself, under the API's own gunicorn settings: fixed bytes, and uploads straight to the disk.

$PLAIN_BYTES is the file whose content every GET is answered with, $PLAIN_FOLDER where uploads go. Nobody is asked who
they are, nothing is hashed, synced or noted.
"""

import asyncio
import os
from pathlib import Path

from aiohttp import web
from aiohttp.multipart import BodyPartReader

_BLOCK_BYTES = 1024 * 1024


async def application() -> web.Application:
    """What gunicorn serves."""
    content = await asyncio.to_thread(Path(os.environ["PLAIN_BYTES"]).read_bytes)
    return _application(content, Path(os.environ["PLAIN_FOLDER"]) / "upload")


def _application(content: bytes, target: Path) -> web.Application:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type="application/json", charset="utf-8")

    async def take_form(request: web.Request) -> web.Response:
        parts = await request.multipart()
        part = await parts.next()
        assert isinstance(part, BodyPartReader)
        with target.open("wb", buffering=0) as file:
            while block := await part.read_chunk(_BLOCK_BYTES):
                file.write(block)
        return web.Response(status=201)

    async def take_piece(request: web.Request) -> web.Response:
        with target.open("wb", buffering=0) as file:
            async for block in request.content.iter_chunked(_BLOCK_BYTES):
                file.write(block)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/health/live", give)
    app.router.add_get("/bytes", give)
    app.router.add_post("/form", take_form)
    app.router.add_patch("/piece", take_piece)
    return app
