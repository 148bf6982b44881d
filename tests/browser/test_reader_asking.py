"""The recording is asked: the answer comes word by word, with the passages that it rests on; in both languages."""

import re

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Route, expect

from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.worker import Worker, answer_to
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.line import line_to
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import LOCALES, Words

FAILURE = {"code": "model-server-down", "detail": "It is away.", "remedy": "Wait.", "retryable": False}


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_question_is_answered_with_its_passages(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await page.get_by_role("tab", name=words("reader.tab.ask"), exact=True).click()
    asked = page.locator(".asked")
    field = page.get_by_label(words("reader.ask"))
    await field.fill("Okonkwo ?")
    await field.press("Enter")
    await expect(asked).to_contain_text(words("reader.thinking"))
    assert await violations(page) == []
    order = await worker.claim(QueueName.ENRICHMENT)
    assert (order["kind"], order["question"]) == ("question", "Okonkwo ?")
    await worker.report(order, "progress", stage="answering", percent=40, answers={"text": "So far, three"})
    await expect(asked).to_contain_text("So far, three")
    said = MEETINGS[locale[:2]][5].text
    sources = [{"transcription": made, "segment": 5, "quote": said}]
    await worker.report(order, "result", answer=answer_to(order, text="Three quarters.", sources=sources), metrics={})
    await expect(asked).to_contain_text("Three quarters.")
    await expect(asked.locator("q")).to_have_text(said.removesuffix("."))
    assert await violations(page) == []
    await asked.get_by_role("button").click()
    await expect(row(page, 5)).to_have_class(re.compile("current"))
    await expect(row(page, 5)).to_be_focused()

    # What fails says why, in the language of the page; and all of it is still there when the page is loaded anew.
    await field.fill("Why?")
    await page.get_by_role("button", name=words("reader.askSend"), exact=True).click()
    await expect(asked).to_have_count(2)
    await worker.report(await worker.claim(QueueName.ENRICHMENT), "failure", **FAILURE)
    await expect(asked.first).to_contain_text(words("error.model-server-down"))
    await page.reload()
    await page.get_by_role("tab", name=words("reader.tab.ask"), exact=True).click()
    await expect(asked.last).to_contain_text("Three quarters.")


async def test_questions_are_followed_on_after_their_tab_was_left(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)
    ask = page.get_by_role("tab", name=words("reader.tab.ask"), exact=True)
    await ask.click()
    asked = page.locator(".asked")
    for count, question in enumerate(("First?", "Second?"), start=1):
        await page.get_by_label(words("reader.ask")).fill(question)
        await page.get_by_label(words("reader.ask")).press("Enter")
        await expect(asked).to_have_count(count)
    await page.get_by_label(words("reader.ask")).fill("Third, still being typed")
    await page.get_by_role("tab", name=words("reader.tab.notes"), exact=True).click()
    await expect(asked).to_have_count(0)
    await ask.click()
    await expect(page.get_by_label(words("reader.ask"))).to_have_value("Third, still being typed")
    await expect(asked.filter(has_text=words("reader.thinking"))).to_have_count(2)
    for _ in range(2):
        order = await worker.claim(QueueName.ENRICHMENT)
        text = f"To “{order['question']}”: yes."
        await worker.report(order, "result", answer=answer_to(order, text=text), metrics={})
        await expect(asked.filter(has_text=text)).to_have_count(1)


async def test_an_answer_is_followed_on_after_its_instance_has_stopped(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker)
    page = await opened(logged_in, editor, made)

    async def stopping(route: Route) -> None:
        """As docs/asking.md has it."""
        end = 'event: end\ndata: {"type": "end", "code": "resume"}\n\n'
        await route.fulfill(body=end, content_type="text/event-stream")

    await page.route(re.compile(r"/api/questions/[^/]+/events$"), stopping, times=2)
    await page.get_by_role("tab", name=words("reader.tab.ask"), exact=True).click()
    async with page.expect_response(re.compile(r"/api/questions/[^/]+$")):
        await page.get_by_label(words("reader.ask")).fill("Okonkwo?")
        await page.get_by_label(words("reader.ask")).press("Enter")
    order = await worker.claim(QueueName.ENRICHMENT)
    await worker.report(order, "result", answer=answer_to(order, text="Three quarters."), metrics={})
    await expect(page.locator(".asked")).to_contain_text("Three quarters.")


async def test_an_answer_is_followed_on_after_the_line_was_lost(
    open_page: OpenPage, client: TestClient, editor: Person, worker: Worker
) -> None:
    words = Words("fr-FR")
    made = await held_meeting(editor, worker)
    async with line_to(client.port or 0) as line:
        page = await open_page("/login", locale="fr-FR")
        await page.goto(f"{line.url}/recordings/{made}")
        await log_in(page, editor.name)
        await page.get_by_role("tab", name=words("reader.tab.ask"), exact=True).click()
        await page.get_by_label(words("reader.ask")).fill("Okonkwo ?")
        await page.get_by_label(words("reader.ask")).press("Enter")
        asked = page.locator(".asked")
        order = await worker.claim(QueueName.ENRICHMENT)
        await worker.report(order, "progress", stage="answering", percent=40, answers={"text": "So far, three"})
        await expect(asked).to_contain_text("So far, three")
        line.cut()
        await expect(page.locator(".connection-lost")).to_be_visible()
        await worker.report(order, "result", answer=answer_to(order, text="Three quarters."), metrics={})
        line.mend()
        await expect(asked).to_contain_text("Three quarters.")
        await expect(page.locator(".questions").get_by_role("alert")).to_have_count(0)


async def test_nothing_can_be_asked_before_there_is_a_text(logged_in: Open, editor: Person, worker: Worker) -> None:
    words = Words("en-GB")
    made = (await editor.uploaded(enrichment="false", diarization="false"))["id"]
    page = await logged_in(editor, "/account")
    async with page.expect_response(re.compile(rf"{made}/questions\?")) as answer:
        await page.goto(f"/recordings/{made}")
    assert (await answer.value).ok
    ask = page.get_by_role("tab", name=words("reader.tab.ask"), exact=True)
    await worker.plan((0.0, 4.0), (4.0, 8.0))
    await worker.do_next()
    await expect(page.locator(".segment")).to_have_count(1)
    await expect(page.locator(".working")).to_be_visible()
    await expect(ask).to_have_count(0)
    await worker.do_next()
    await expect(page.locator(".working")).to_have_count(0)
    await ask.click()
    await expect(page.get_by_label(words("reader.ask"))).to_be_visible()
