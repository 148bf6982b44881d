"""A small server for the balancer to send requests to: `balanced.py NAME PORT FOLDER`.

It is ready unless FOLDER/NAME.unready is there, and has the uploads volume unless FOLDER/NAME.away is. It notes each POST
in FOLDER/posts once its body is there. `?seconds=` is how long an answer takes, `?busy=` how long the whole process does
nothing else meanwhile. /senders is answered with who sent the request, as the balancer says. /assets/VERSION/… is there
where NAME is the version, as files of a page are; each request for it is noted in FOLDER/assets.
"""

import asyncio
import sys
import time
from pathlib import Path

from aiohttp import web

NAME, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])


async def ready(request: web.Request) -> web.Response:
    is_unready = (FOLDER / f"{NAME}.unready").exists()
    lacks = request.query.get("needs") == "uploads" and (FOLDER / f"{NAME}.away").exists()
    return web.Response(status=503 if is_unready or lacks else 200)


async def answer(request: web.Request) -> web.Response:
    if request.method == "POST":
        await request.read()
        with (FOLDER / "posts").open("a") as posts:
            posts.write(f"{request.query['id']} {NAME}\n")
    time.sleep(float(request.query.get("busy", "0")))  # noqa: ASYNC251 - what keeps a process from reading
    await asyncio.sleep(float(request.query.get("seconds", "0")))
    return web.Response(text=NAME)


async def asset(request: web.Request) -> web.Response:
    with (FOLDER / "assets").open("a") as asked:
        asked.write(f"{NAME}\n")
    return web.Response(status=200 if request.match_info["version"] == NAME else 404, text=NAME)


async def senders(request: web.Request) -> web.Response:
    return web.Response(text=", ".join(request.headers.getall("X-Forwarded-For", [])))


app = web.Application()
app.router.add_get("/health/ready", ready)
app.router.add_get("/senders", senders)
app.router.add_get("/assets/{version}/{path}", asset)
app.router.add_route("*", "/{path:.*}", answer)
web.run_app(app, host="127.0.0.1", port=PORT, print=None)
