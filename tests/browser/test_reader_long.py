"""A recording of hours: only what is seen is on the page, and every passage is a step away; and an API that goes away."""

from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import expect

from app.api.application import create_app
from app.settings import Settings
from app.standalone.web import add_page
from tests.api.conftest import Person
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.browser.meetings import ENGLISH, held_meeting
from tests.browser.test_reader import Open, opened, row, segment

TIMES = 160
MOST_SHOWN = 120


async def test_a_long_recording_is_shown_as_far_as_it_is_seen(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker, meeting=ENGLISH * TIMES, enriched=False, sound=tone())
    last = len(ENGLISH) * TIMES - 1
    start = (await segment(editor, made, last - 40))["start"]
    page = await opened(logged_in, editor, made, at=f"?at={start}")
    # A link into it leads there at once, and there it stays.
    await expect(row(page, last - 40)).to_be_focused()
    await expect(row(page, last - 40)).to_be_in_viewport(ratio=1)
    assert await page.locator(".segment").count() < MOST_SHOWN
    await page.keyboard.press("End")
    await expect(row(page, last)).to_be_in_viewport()
    await page.keyboard.press("Home")
    await expect(row(page, 0)).to_be_in_viewport()
    assert await page.locator(".segment").count() < MOST_SHOWN
    # What is not on the page is found; the last place comes before the first one.
    await page.keyboard.press("f")
    bar = page.get_by_role("search")
    await bar.locator("input").first.fill("insurance")
    await expect(bar.get_by_role("status")).to_have_text(f"1 of {TIMES}")
    await bar.get_by_role("button", name="Previous").click()
    await expect(bar.get_by_role("status")).to_have_text(f"{TIMES} of {TIMES}")
    await expect(row(page, last - 4)).to_be_in_viewport()
    # Whoever writes keeps what they write in, however far they scroll.
    await row(page, last - 4).locator(".said").dblclick()
    await row(page, last - 4).locator("textarea").fill("Far away.")
    await page.evaluate("window.scrollTo(0, 0)")
    await expect(row(page, 0)).to_be_in_viewport()
    await expect(row(page, last - 4).locator("textarea")).to_have_value("Far away.")
    await expect(page.locator(".saved")).to_have_text("All saved")


async def test_what_is_typed_while_the_api_restarts_is_saved_by_the_next_one(
    client: TestClient, settings: Settings, logged_in: Open, editor: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    await page.get_by_role("tab", name="Speakers").click()
    port = client.port
    await client.server.close()
    await row(page, 2).locator(".said").dblclick()
    area = row(page, 2).locator("textarea")
    await area.fill("")
    await area.press_sequentially("Typed while nobody was there.")
    await expect(page.locator(".saved")).to_contain_text("No connection")
    await page.get_by_role("tabpanel").locator("input.name").last.fill("Carla")
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast.bad")).to_contain_text("The server does not answer")
    app = create_app(settings)
    add_page(app)
    address = f"/api/transcriptions/{made}/segments"
    async with TestServer(app, port=port):
        await expect(page.locator(".saved")).to_have_text("All saved")
        saved = await page.request.get(f"{address}/2", headers=editor.headers)
        assert (await saved.json())["text"] == "Typed while nobody was there."
        await expect(row(page, 4).locator(".who")).to_contain_text("Carla")
        # What others do from now on comes by itself again.
        headers = editor.headers | {"If-Match": "*"}
        changed = await page.request.patch(f"{address}/0", data={"text": "Anew."}, headers=headers)
        assert changed.status == 200
        await expect(row(page, 0).locator(".said")).to_have_text("Anew.")
        await page.goto("about:blank")
