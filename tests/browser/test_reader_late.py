"""Answers that come late, in another order or not at all: the page shows what is true by now, and asks for nothing twice."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Page, Request, Route, WebSocketRoute, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, log_in
from tests.browser.line import line_to
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row, segment
from tests.browser.test_reader_together import correct, joined, listens, noted, parted, write
from tests.browser.words import Words

# What an answer sets going is done.
TAKEN_IN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


@dataclass
class Held:
    """An answer that was given, and does not reach the page until it is let go."""

    given: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, route: Route) -> None:
        answer = await route.fetch()
        self.given.set()
        await self.let_go.wait()
        await route.fulfill(response=answer)


async def hold_next(page: Page, path: str) -> Held:
    """Hold the next answer of a path."""
    held = Held()
    await page.route(re.compile(rf"{path}$"), held.hold, times=1)
    return held


async def release(page: Page, held: Held, path: str) -> None:
    async with page.expect_event("requestfinished", lambda request: request.url.endswith(path)):
        held.let_go.set()
    await page.evaluate(TAKEN_IN)


async def rename(who: Person, made: str, name: str) -> None:
    answer = await who.patch(f"/api/transcriptions/{made}/speakers/SPEAKER_00", json={"name": name})
    assert answer.status == 200


async def test_a_late_text_is_not_put_over_what_was_saved_meanwhile(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await rename(owner, made, "Anna")
    await held.given.wait()
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").fill("Mine.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await release(page, held, made)
    await expect(row(page, 0).locator(".who")).to_contain_text("Anna")
    await expect(row(page, 0).locator(".said")).to_have_text("Mine.")
    # Nor is its tag: one can write on.
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").fill("Mine, and more.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(editor, made, 0))["text"] == "Mine, and more."


async def test_of_two_answers_the_one_that_was_asked_for_later_stays(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await rename(owner, made, "Anna")
    await held.given.wait()
    await rename(owner, made, "Bea")
    await expect(row(page, 0).locator(".who")).to_contain_text("Bea")
    await release(page, held, made)
    await expect(row(page, 0).locator(".who")).to_contain_text("Bea")
    # So it is with one passage.
    held = await hold_next(page, f"{made}/segments/0")
    await correct(owner, made, 0, "Theirs.")
    await held.given.wait()
    await correct(owner, made, 0, "Theirs again.")
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs again.")
    await release(page, held, f"{made}/segments/0")
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs again.")


async def test_what_was_never_told_is_there_once_the_line_is_mended(
    open_page: OpenPage, client: TestClient, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    project = (await owner.read(made))["project_id"]
    async with line_to(client.port or 0) as line:
        page = await open_page("/login")
        await page.goto(f"{line.url}/recordings/{made}")
        await log_in(page, editor.name)
        await listens(page, owner, made)
        line.cut()
        await expect(page.locator(".connection-lost")).to_be_visible()
        await correct(owner, made, 0, "Theirs.")
        await noted(owner, made, "Ask for the letter.")
        # Whose role has changed is told no single changes, but how it stands.
        answer = await owner.put(f"/api/projects/{project}/members/{editor.name}", json={"role": "owner"})
        assert answer.status == 200
        line.mend()
        await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
        await expect(row(page, 0).get_by_role("button", name=words.of("reader.notesHere", 1))).to_be_visible()


async def test_what_others_did_before_a_line_that_comes_late_is_there(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await logged_in(editor)
    is_refused, refused = True, asyncio.Event()

    async def refuse(line: WebSocketRoute) -> None:
        if is_refused:
            await line.close(code=1013)
            refused.set()
        else:
            line.connect_to_server()

    await page.route_web_socket(re.compile("/api/ws/updates"), refuse)
    async with page.expect_response(re.compile(f"{made}/notes$")):
        await page.goto(f"/recordings/{made}")
    await row(page, 0).locator(".said").wait_for()
    await refused.wait()
    await correct(owner, made, 0, "Theirs.")
    await noted(owner, made, "Ask for the letter.")
    is_refused = False
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
    await expect(row(page, 0).get_by_role("button", name=words.of("reader.notesHere", 1))).to_be_visible()


@pytest.mark.parametrize("text", ["Shall we begin with the budget?", "Mine."])
async def test_a_correction_goes_to_its_passage_where_others_have_come_before_it(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, text: str
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await parted(owner, made, 0, 3)
    await held.given.wait()
    # Where it stands to this page, there stands the second half by now: it may even say the same.
    await write(page, 1, text)
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(editor, made, 2))["text"] == text
    assert (await segment(editor, made, 1))["text"] == "Shall we begin with the budget?"
    await expect(page.locator(".conflict")).to_have_count(0)
    await release(page, held, made)
    await expect(row(page, 2).locator(".said")).to_have_text(text)


async def test_a_correction_goes_to_its_passage_where_nothing_stands_in_its_old_place(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await joined(owner, made, 0)
    await held.given.wait()
    await write(page, 8, "Mine.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(editor, made, 7))["text"] == "Mine."
    await release(page, held, made)
    await expect(row(page, 7).locator(".said")).to_have_text("Mine.")


async def test_what_was_typed_is_shown_where_its_passage_is_gone(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words, following = Words("en-GB"), MEETINGS["en"][2].text
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await joined(owner, made, 0)
    await held.given.wait()
    # Another passage that says the same is none in which it is saved.
    await write(page, 1, following)
    told = page.locator(".reader-text > .notice")
    await expect(told).to_contain_text(words("reader.lost").rpartition("{time}")[2])
    await expect(told).to_contain_text(following)
    await release(page, held, made)


async def test_what_is_sent_twice_before_an_answer_is_sent_once(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url.rpartition("/")[2])

    page.on("request", note)

    async def twice(path: str, press: Callable[[], Awaitable[None]]) -> None:
        """Do twice what sends, while the first answer is held; `path` is where it goes."""
        held = Held()

        async def hold(route: Route) -> None:
            await (held.hold(route) if route.request.method == "POST" else route.fallback())

        await page.route(re.compile(rf"{path}$"), hold)
        await press()
        await held.given.wait()
        await release(page, held, path)

    async def items(path: str) -> list[Any]:
        found: list[Any] = (await (await editor.get(f"/api/transcriptions/{made}/{path}")).json())["items"]
        return found

    async def keys() -> None:
        await page.keyboard.press("Control+Enter")
        await page.keyboard.press("Control+Enter")

    await row(page, 4).locator(".when").click()
    await page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("reader.note"), exact=True).fill("Ask for the letter.")
    await twice(f"{made}/notes", keys)
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".note")).to_have_count(1)

    await page.get_by_role("button", name=words("reader.share"), exact=True).click()
    await twice(f"{made}/shares", dialog.get_by_role("button", name=words("reader.shareMake")).dblclick)
    await expect(dialog.locator("#link")).to_be_visible()
    await expect(dialog.locator(".links li")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    await page.get_by_role("tab", name=words("reader.tab.ask"), exact=True).click()
    await page.get_by_label(words("reader.ask")).fill("Okonkwo?")
    await twice(f"{made}/questions", page.get_by_role("button", name=words("reader.askSend"), exact=True).dblclick)
    await expect(page.locator(".asked")).to_have_count(1)
    assert [len(await items(path)) for path in ("notes", "shares", "questions")] == [1, 1, 1]
    assert sent == ["notes", "shares", "questions"]
