"""What the page says while the recordings are out of reach, and that it goes on by itself once they are back."""

import asyncio
import re
from typing import Any

from playwright.async_api import Route, expect

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.browser.conftest import log_in
from tests.browser.meetings import held_meeting

AGAIN_MS = 30_000


async def test_a_text_is_read_without_its_sound_and_a_recording_is_sent_once_there_is_a_place_for_it(
    logged_in: Any, editor: Person, worker: Worker, settings: Settings
) -> None:
    made = await held_meeting(editor, worker)
    away = settings.uploads_dir.with_name("away")
    settings.uploads_dir.rename(away)
    page = await logged_in(editor, f"/recordings/{made}")
    await page.locator(".segment").first.wait_for()
    await expect(page.get_by_text("The sound cannot be reached at the moment")).to_be_visible()
    home = await logged_in(editor, "/")
    file = {"name": "hall.wav", "mimeType": "audio/wav", "buffer": tone(2.0)}
    await home.locator("input[type=file]").first.set_input_files(file)
    await home.get_by_role("dialog").get_by_role("button", name="Send").click()
    await expect(home.get_by_text("The server cannot take recordings just now. It goes on by itself.")).to_be_visible()

    away.rename(settings.uploads_dir)
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=AGAIN_MS)
    await expect(home.locator("[data-upload=done]")).to_be_visible(timeout=AGAIN_MS)


async def test_the_sound_comes_again_after_a_login_that_ended(logged_in: Any, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker)
    page = await logged_in(editor)
    asked, ended = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await ended.wait()
        await route.continue_()

    await page.route(re.compile(r"/audio$"), late)
    await page.goto(f"/recordings/{made}")
    await page.locator(".segment").first.wait_for()
    await asked.wait()
    await editor.delete("/api/auth/sessions")
    ended.set()
    await expect(page.get_by_text("The sound cannot be reached at the moment")).to_be_visible()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await log_in(page, editor.name)
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=AGAIN_MS)
