"""What the language model made of a recording, made anew with another model and other tasks, and compared; in both languages."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import ANSWERS, held_meeting
from tests.browser.test_reader import Open, opened
from tests.browser.test_reader_asking import FAILURE
from tests.browser.words import LOCALES, Words

CHANGED = {"en": ("three quarters", "one half"), "fr": ("trois quarts", "moitié")}
NOT_BY_COLOUR = """(element) => {
    const { textDecorationLine, color } = getComputedStyle(element);
    return [textDecorationLine, element.querySelector(".visually-hidden").textContent.trim()];
}"""


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_enrichment_is_made_anew_and_what_differs_is_marked(
    logged_in: Open, owner: Person, editor: Person, worker: Worker, locale: str
) -> None:
    words, language = Words(locale), locale[:2]
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    tasks = {"tasks": ["title", "summary", "points", "topics"]}
    assert (await owner.put(f"/api/projects/{project['id']}/task-sets/short", json=tasks)).status == 201
    made = await held_meeting(editor, worker, language)
    page = await opened(logged_in, editor, made, locale)
    panel = page.get_by_role("tabpanel")
    await expect(panel).to_contain_text(ANSWERS[language]["points"][0])
    await panel.get_by_role("button", name=words("reader.enrichAgain")).click()
    dialog = page.get_by_role("dialog")
    assert await violations(page) == []
    await dialog.get_by_label(words("reader.taskSet")).select_option("short")
    model = dialog.get_by_label(words("reader.model"), exact=True).locator("option").nth(1)
    chosen = await model.get_attribute("value")
    await dialog.get_by_label(words("reader.model"), exact=True).select_option(chosen)
    await dialog.locator("summary").click()
    await dialog.locator("textarea[name=summary]").fill("In one sentence.")
    await dialog.get_by_role("button", name=words("reader.enrichBegin")).click()
    await expect(panel.locator("progress")).to_be_visible()
    order = await worker.claim(QueueName.ENRICHMENT)
    asked: dict[str, Any] = order["options"]
    assert (asked["llm_model"], asked["prompts"]) == (chosen, {"summary": "In one sentence."})
    assert order["task_set"]["tasks"] == tasks["tasks"]
    gone, come = CHANGED[language]
    first, second = ANSWERS[language]["points"]
    answers = {
        **ANSWERS[language], "title": None, "points": [first.replace(gone, come), second],
        "failures": {"title": "no usable title: the reply is empty"},
    }  # fmt: skip
    assert (await worker.report(order, "result", enrichment=answers))[0] == 200
    await expect(panel).to_contain_text(come)
    # What did not come of it is said in the language of the page, and in the model's own words to who wants them.
    failed = panel.locator("details").filter(has_text=words("reader.taskFailed", task=words("reader.task.title")))
    await expect(failed.get_by_text("no usable title")).to_be_hidden()
    assert await violations(page) == []

    await panel.get_by_role("button", name=words("reader.versions")).click()
    old, new = dialog.locator(".version").first, dialog.locator(".version").last
    points = old.locator(".finding", has=page.get_by_role("heading", name=words("reader.task.points")))
    await expect(points.get_by_role("deletion")).to_have_text(re.compile(rf"{gone}$"))
    await expect(new.get_by_role("insertion")).to_have_text(re.compile(rf"{come}$"))
    await expect(old.get_by_role("insertion")).to_have_count(0)
    await expect(new.get_by_role("deletion")).to_have_count(0)
    assert await points.get_by_role("deletion").evaluate(NOT_BY_COLOUR) == [
        "line-through",
        words("reader.differ.removed"),
    ]
    assert await new.get_by_role("insertion").evaluate(NOT_BY_COLOUR) == ["underline", words("reader.differ.added")]
    count = len(come.split())
    await expect(dialog.get_by_role("status")).to_contain_text(words.of("reader.differ.come", count, number="2"))
    assert await violations(page) == []
    # It can be read without the marks; and a version is no other than itself.
    await dialog.get_by_role("button", name=words("reader.differ.mark")).click()
    await expect(old.get_by_role("deletion")).to_have_count(0)
    await dialog.get_by_label(words("reader.versionLeft")).select_option(index=0)
    await expect(dialog.get_by_role("status")).to_have_text(words("reader.differ.same"))


async def begin_anew(page: Page, words: Words, **instead: str) -> None:
    """Have the enrichment made anew in the page, with these instructions in place of those that stand there."""
    await page.get_by_role("tabpanel").get_by_role("button", name=words("reader.enrichAgain")).click()
    dialog = page.get_by_role("dialog")
    for task, text in instead.items():
        await dialog.locator(f"textarea[name={task}]").fill(text)
    await dialog.get_by_role("button", name=words("reader.enrichBegin")).click()
    await expect(dialog).to_have_count(0)


async def test_instructions_of_ones_own_stay_until_somebody_changes_them(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    words = Words("fr-FR")
    made = await held_meeting(editor, worker, "fr")
    own = {"summary": "En une phrase.", "actions": "Qui, quoi, quand."}
    answer = await editor.post(f"/api/transcriptions/{made}/enrichments", json={"prompts": own})
    assert answer.status == 202
    await worker.do_next(QueueName.ENRICHMENT)
    page = await opened(logged_in, editor, made, "fr-FR")

    async def asked() -> dict[str, str]:
        order = await worker.do_next(QueueName.ENRICHMENT)
        prompts: dict[str, str] = order["options"]["prompts"]
        return prompts

    await begin_anew(page, words)
    assert await asked() == own
    # The one that fails was the last time, too.
    await begin_anew(page, words, title="En trois mots.")
    order = await worker.claim(QueueName.ENRICHMENT)
    own["title"] = "En trois mots."
    assert order["options"]["prompts"] == own
    assert (await worker.report(order, "failure", **FAILURE))[0] == 200
    await expect(page.get_by_role("tabpanel")).to_contain_text(words("error.model-server-down"))
    await begin_anew(page, words)
    assert await asked() == own
    # An emptied one is the site's own again; those that the dialog does not show stay.
    await begin_anew(page, words, summary="", title=" ")
    assert await asked() == {"actions": "Qui, quoi, quand."}
