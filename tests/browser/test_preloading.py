"""What the server tells the browser to load with the page: all that its first view imports, and nothing else."""

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Route, expect
from yarl import URL

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.meetings import held_meeting

_PRELOADED = re.compile(r'<link rel="(?:modulepreload|preload)"[^>]*href="([^"]+)"[^>]*/>\s*')
_STANDING = re.compile(r'<(?:script|link)[^>]*(?:src|href)="(/assets/[^"]+\.(?:js|css))"')


@pytest.mark.parametrize("shown", ["home", "reader"])
async def test_what_is_preloaded_is_what_the_first_view_asks_for(
    logged_in: Any, client: TestClient, editor: Person, worker: Worker, shown: str
) -> None:
    path = "/" if shown == "home" else f"/recordings/{await held_meeting(editor, worker, enriched=False)}"
    told = await (await client.get(path)).text()
    preloaded = set(_PRELOADED.findall(told))
    assert len(preloaded) > 50
    page = await logged_in(editor)

    # A browser that is told nothing finds out for itself.
    async def plain(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=_PRELOADED.sub("", await answer.text()))

    await page.route(lambda url: URL(url).path == path, plain)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(URL(request.url).path))
    await page.goto(path)
    await expect(page.locator("main#content h1").first).to_be_visible()
    standing = set(_STANDING.findall(_PRELOADED.sub("", told)))
    found = {address for address in asked if address.endswith((".js", ".css"))}
    assert found - standing == preloaded - standing
