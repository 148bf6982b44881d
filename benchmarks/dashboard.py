"""How long the page takes to show many recordings: `python -m benchmarks.dashboard`.

A PostgreSQL and a Valkey server of its own, filled with recordings, the API with the page, and a real Chromium on the
same machine. First useful view: from the navigation until the first recording is drawn, for a browser that has never
been here and for one that has. Scrolling: through all that there is, frames a second and the longest gap between two.
"""

import asyncio
import gzip
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import click
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright
from pydantic import SecretStr

from app.api.application import create_app
from app.api.keys import DATABASE
from app.dashboard.modules import STATIC
from app.db import accounts
from app.settings import Settings
from app.standalone.web import add_page
from benchmarks.command import new_console, new_table
from benchmarks.shelf import Shelf, filled
from tests.browser.unpack import BROWSER
from tests.servers.running import running_valkey

_NAME, _PASSWORD = "reader", "a password for the benchmark"
_PATIENCE_MS = 60_000
_WATCH = """
    new MutationObserver((_, watching) => {
        if (!document.querySelector('.row .title')) return;
        watching.disconnect();
        requestAnimationFrame(() => { window.firstRow = performance.now(); });
    }).observe(document, {childList: true, subtree: true});
"""
_FIRST_ROW = """async () => {
    while (!window.firstRow) await new Promise(requestAnimationFrame);
    return window.firstRow;
}"""
_SCROLL = """async (step) => {
    const rows = () => Number(document.querySelector('[role=table]').getAttribute('aria-rowcount')) - 1;
    const frame = () => new Promise(requestAnimationFrame);
    const gaps = [];
    for (;;) {
        const [top, last] = [window.scrollY, performance.now()];
        window.scrollBy(0, step);
        await frame();
        if (window.scrollY !== top) gaps.push(performance.now() - last);
        // At the end of what is there: the next page is on its way, until the table says how long it is.
        else if (rows() > 0) break;
    }
    return {frames: gaps.length, seconds: gaps.reduce((sum, gap) => sum + gap, 0) / 1000, longest: Math.max(...gaps),
            rows: document.querySelectorAll('.row').length, all: rows()};
}"""


@click.command()
@click.option("--recordings", type=click.IntRange(1, 1_000_000), default=5000, show_default=True)
@click.option("--repetitions", type=click.IntRange(1, 100), default=9, show_default=True)
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Where the filled database is kept.")
def showing(recordings: int, repetitions: int, state: Path | None) -> None:
    """Fill a database, open the page, and print one table."""
    asyncio.run(_measure(recordings, repetitions, state))


async def _measure(recordings: int, repetitions: int, state: Path | None) -> None:
    console = new_console()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shelf = stack.enter_context(filled((state or folder / "shelf").absolute(), recordings, 7))
        valkey = stack.enter_context(running_valkey(folder))
        url = await _serve(stack, shelf, valkey.url(), folder)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=BROWSER / "chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            env={
                **os.environ,
                "LD_LIBRARY_PATH": str(BROWSER / "lib"),
                "FONTCONFIG_PATH": str(BROWSER),
                "HOME": str(BROWSER),
            },
        )
        stack.push_async_callback(browser.close)
        first, again = await _first_views(browser, url, repetitions)
        scrolled, script = await _scrolled(browser, url)
    table = new_table(f"The list of {recordings} recordings, {repetitions} times", "what", "measured")
    table.add_row("script of the first view, compressed, kB", f"{script / 1000:.1f}")
    table.add_row("first useful view, never here before, ms (median)", f"{median(first):.0f}")
    table.add_row("first useful view, here before, ms (median)", f"{median(again):.0f}")
    table.add_row("scrolling through all of it, frames a second", f"{scrolled['frames'] / scrolled['seconds']:.0f}")
    table.add_row("longest gap between two frames, ms", f"{scrolled['longest']:.0f}")
    table.add_row("recordings that it came to", str(scrolled["all"]))
    table.add_row("rows that are there at the end", str(scrolled["rows"]))
    console.print(table)


async def _serve(stack: AsyncExitStack, shelf: Shelf, redis_url: str, folder: Path) -> str:
    settings = Settings(
        database_url=SecretStr(shelf.url),
        redis_url=SecretStr(redis_url),
        uploads_dir=folder / "uploads",
        internal_key=SecretStr("benchmark"),
        login_attempts_by_name=10_000,
        login_attempts_by_address=10_000,
    )
    app = create_app(settings)
    add_page(app)
    server = await stack.enter_async_context(TestServer(app))
    await app[DATABASE].run(_person)
    return str(server.make_url("/"))


def _person() -> None:
    known = {user.username for user in accounts.User.select()}
    if _NAME not in known:
        accounts.create_user(_NAME, _PASSWORD, administrator=True)


async def _logged_in(page: Page, url: str) -> None:
    await page.goto(f"{url}login")
    await page.locator("input[name=username]").fill(_NAME)
    await page.locator("input[name=password]").fill(_PASSWORD)
    await page.locator("button[type=submit]").click()
    await page.locator(".row .title").first.wait_for(timeout=_PATIENCE_MS)


async def _first_views(browser: Browser, url: str, repetitions: int) -> tuple[list[float], list[float]]:
    """Return milliseconds to the first row: with nothing kept by the browser but the login, and with all kept."""
    page = await (await browser.new_context()).new_page()
    await _logged_in(page, url)
    login = await page.context.storage_state()
    await page.context.close()
    first, again = [], []
    for _ in range(repetitions):
        context = await browser.new_context(storage_state=login)
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        for found in (first, again):
            await page.goto(url)
            await page.locator(".row .title").first.wait_for(timeout=_PATIENCE_MS)
            found.append(await page.evaluate(_FIRST_ROW))
        await context.close()
    return first, again


async def _scrolled(browser: Browser, url: str) -> tuple[dict[str, Any], int]:
    """Return what scrolling through the whole list was like, and the compressed bytes of the scripts of the first view."""
    page = await (await browser.new_context()).new_page()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url) if request.resource_type == "script" else None)
    await _logged_in(page, url)
    script = sum(len(gzip.compress(_file(address).read_bytes(), mtime=0)) for address in asked)
    scrolled: dict[str, Any] = await page.evaluate(_SCROLL, 1200)
    await page.context.close()
    return scrolled, script


def _file(address: str) -> Path:
    return STATIC / address.partition("/assets/")[2].partition("/")[2]


if __name__ == "__main__":
    showing()
