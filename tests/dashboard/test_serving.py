"""The page's files are given under the version of the release that serves them, and under no other."""

import re

from aiohttp.test_utils import TestClient, TestServer

from app.dashboard.application import create_app


async def test_no_page_gets_a_file_of_another_release() -> None:
    async with TestClient(TestServer(create_app())) as client:
        page = await (await client.get("/")).text()
        [version] = re.findall(r'<script type="module" src="/assets/([^/]+)/main.js">', page)
        own = await client.get(f"/assets/{version}/main.js")
        assert (own.status, own.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        tag = {"If-None-Match": own.headers["ETag"]}
        for headers in ({}, tag):
            other = await client.get(f"/assets/{version[::-1]}/main.js", headers=headers)
            # Nobody on the way shall keep that: the address may come back with its release.
            assert (other.status, other.headers["Cache-Control"]) == (404, "no-store")
        assert (await client.get(f"/assets/{version}/main.js", headers=tag)).status == 304
