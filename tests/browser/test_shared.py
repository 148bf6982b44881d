"""A link to a recording: made by a reader, opened by somebody without a login, ended."""

import datetime as dt
import re
import zoneinfo

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, violations
from tests.browser.meetings import held_meeting
from tests.browser.test_reader import Open, opened, row

MONTREAL = zoneinfo.ZoneInfo("America/Montreal")
WORDS = {
    "en-GB": {"share": "Share", "copy": "Copy", "copied": "Copied", "make": "Make a link", "end": "End", "pause": "Pause", "ended": "This link has ended."},
    "fr-FR": {
        "share": "Partager", "copy": "Copier", "copied": "Copié", "make": "Faire un lien", "end": "Mettre fin", "pause": "Pause", "ended": "Ce lien a pris fin.",
    },
}  # fmt: skip


@pytest.mark.parametrize("locale", WORDS)
async def test_a_shared_recording_is_read_without_a_login(
    client: TestClient, logged_in: Open, open_page: OpenPage, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale, timezone_id="America/Montreal")
    await page.get_by_role("button", name=words["share"], exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("select[name=scope]").select_option("text+audio")
    # To the end of a day, where whoever makes it is: five hours and more from here.
    friday = (dt.datetime.now(MONTREAL) + dt.timedelta(days=3)).date()
    await dialog.locator("select[name=days]").select_option("")
    await dialog.locator("input[name=day]").fill(friday.isoformat())
    await dialog.get_by_role("button", name=words["make"]).click()
    link = await dialog.locator("#link").input_value()
    # A site without TLS has no clipboard for scripts.
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    await dialog.get_by_role("button", name=words["copy"], exact=True).click()
    await expect(page.get_by_text(words["copied"], exact=True)).to_be_visible()
    assert await violations(page) == []
    [open_link] = (await (await editor.get(f"/api/transcriptions/{made}/shares")).json())["items"]
    ends = dt.datetime.fromisoformat(open_link["expires_at"]).astimezone(MONTREAL)
    assert (ends.date(), ends.hour, ends.minute) == (friday, 23, 59)

    asked: list[str] = []
    visitor = await open_page("/login", locale=locale)
    visitor.on("request", lambda request: asked.append(request.url))
    answer = await visitor.goto(link)
    assert answer is not None
    assert answer.headers["x-robots-tag"].startswith("noindex")
    await row(visitor, 0).wait_for()
    await expect(visitor.locator(".segment")).to_have_count(9)
    await expect(visitor.locator(".waveform canvas").first).to_be_attached()
    assert await violations(visitor) == []
    await row(visitor, 1).locator(".when").click()
    await expect(row(visitor, 1)).to_have_class(re.compile("current"))
    await expect(visitor.get_by_role("button", name=words["pause"], exact=True)).to_be_visible()
    # The token goes to the server in no address, and the project and the recording are named nowhere.
    _, _, token = link.partition("#")
    assert [url for url in asked if token in url.partition("#")[0] or made in url] == []
    # Loaded anew, and by the cookie alone, it is still there.
    await visitor.reload()
    await row(visitor, 0).wait_for()

    await dialog.get_by_role("button", name=words["end"]).first.click()
    await expect(dialog.locator(".links li")).to_have_count(0)
    await visitor.reload()
    await expect(visitor.get_by_role("alert")).to_contain_text(words["ended"])
    assert await violations(visitor) == []


async def test_a_link_for_the_text_shows_no_player(open_page: OpenPage, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    answer = await editor.post(f"/api/transcriptions/{made}/shares", json={"scope": "text", "days": 1})
    page = await open_page((await answer.json())["path"])
    await expect(page.locator(".segment")).to_have_count(9)
    await expect(page.locator(".seek")).to_have_count(0)
    await expect(page.locator(".waveform")).to_have_count(0)
    assert await violations(page) == []


async def test_a_link_that_is_not_whole_says_so(open_page: OpenPage, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    answer = await editor.post(f"/api/transcriptions/{made}/shares", json={"scope": "text", "days": 1})
    path = (await answer.json())["path"]
    page = await open_page(path[:-4])
    await expect(page.get_by_role("alert")).to_contain_text("This link leads nowhere.")
    assert await violations(page) == []


async def test_a_link_is_for_reading_whoever_opens_it(
    logged_in: Open, editor: Person, administrator: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker)
    answer = await editor.post(f"/api/transcriptions/{made}/shares", json={"scope": "text", "days": 1})
    page = await logged_in(administrator, "/account")
    await page.goto((await answer.json())["path"])
    await row(page, 0).locator(".said").dblclick()
    await page.keyboard.press("f")
    await expect(page.get_by_role("search")).to_be_visible()
    await page.keyboard.press("Escape")
    for key in ("e", "w", "m", "x"):
        await page.keyboard.press(key)
    await expect(page.locator("textarea, dialog, button.who, .tool")).to_have_count(0)
