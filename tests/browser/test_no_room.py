"""What the page says of a recording that there is no room for: the server's, or the project's; in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import expect
from yarl import URL

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.instance import Instance, running_instance
from tests.api.sound import tone
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.line import Line, line_to
from tests.browser.test_uploads import choose, file, file_on_disk, listed
from tests.browser.words import LOCALES, Words

MORE_THAN_ANY_DISK_BYTES = 2**60


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_reserve": MORE_THAN_ANY_DISK_BYTES})


@pytest.fixture
def roomy(client: TestClient, settings: Settings, tmp_path: Path) -> Iterator[Instance]:
    """The same site, once somebody made room."""
    with running_instance(settings.model_copy(update={"upload_reserve": 0}), tmp_path / "roomy.log") as instance:
        yield instance


def switch(line: Line, url: str, bytes_a_second: int | None = None) -> None:
    """Lead everything to another instance of the site from now on."""
    line.cut()
    line.target_port, line.bytes_a_second = URL(url).port or 0, bytes_a_second
    line.mend()


async def test_no_room_is_said_and_the_recording_goes_once_there_is_some(
    roomy: Instance, open_page: OpenPage, client: TestClient, administrator: Person, editor: Person, tmp_path: Path
) -> None:
    english, french = map(Words, LOCALES)
    async with line_to(client.port or 0) as line:
        page = await open_page("/")
        await page.goto(line.url)
        await log_in(page, editor.name)
        # Larger than what systems keep on the way: the browser counts as sent what it has given away.
        await choose(page, file_on_disk(tmp_path, "hall.wav", tone(1200.0)))
        await page.get_by_role("dialog").get_by_role("button", name=english("send.now"), exact=True).click()
        tray, menu = page.locator(".tray"), page.locator("#frame-menu")
        await expect(tray.get_by_role("alert")).to_have_text(english("upload.full"))
        await expect(tray).to_contain_text(english("upload.state.full"))
        assert await violations(page) == []
        await menu.get_by_label(english("app.language")).select_option("fr")
        await expect(tray.get_by_role("alert")).to_have_text(french("upload.full"))
        await expect(tray).to_contain_text(french("upload.state.full"))
        assert await listed(editor) == []

        # There is some, and it goes on: nothing is said any more.
        switch(line, roomy.url, bytes_a_second=1_000_000)
        await expect(tray.get_by_role("alert")).to_have_count(0)
        await expect(tray.get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
        # The disk fills while it comes. What came is kept.
        switch(line, str(client.make_url("/")))
        await expect(tray.get_by_role("alert")).to_have_text(french("upload.full"))
        switch(line, roomy.url)
        await expect(page.locator("[data-upload=done]")).to_be_visible()
        await expect(tray.get_by_role("alert")).to_have_count(0)
        [made] = await listed(editor)

        # What the project may store is another matter, and not tried again.
        quota = f"/api/projects/{made['project_id']}/quota"
        assert (await administrator.put(quota, json={"bytes": made["size_bytes"], "hours": None})).status == 200
        await choose(page, file("yard.wav", tone(3.0)))
        await page.get_by_role("dialog").get_by_role("button", name=french("send.now"), exact=True).click()
        await expect(tray.get_by_role("alert")).to_have_text(french("error.quota-exceeded"))
        await menu.get_by_label(french("app.language")).select_option("en")
        await expect(tray.get_by_role("alert")).to_have_text(english("error.quota-exceeded"))
        await expect(page.locator("[data-upload=refused]")).to_be_visible()
