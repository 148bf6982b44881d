"""What the language model is asked, on the page: sets of tasks, adapted, made and deleted."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.browser.conftest import violations
from tests.browser.words import LOCALES, Words


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_set_of_tasks_is_made_changed_and_deleted(logged_in: Any, owner: Person, locale: str) -> None:
    words = Words(locale)
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    address = f"/api/projects/{project['id']}/task-sets"
    page = await logged_in(owner, f"/projects/{project['id']}?part=task-sets", locale=locale)
    await expect(page.get_by_text(words("sets.everybody"), exact=True).first).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("sets.new")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("projects.name"), exact=True).fill("weekly")
    await dialog.get_by_label(words("task.actions"), exact=True).check()
    await dialog.get_by_role("button", name=words("sets.customAdd")).click()
    await dialog.get_by_label(words("sets.customName")).fill("weather")
    await dialog.get_by_label(words("sets.customPrompt")).fill("What is said of the weather?")
    schema = dialog.get_by_label(words("sets.customSchema"))
    good = await schema.input_value()
    await schema.fill("{")
    save = dialog.get_by_role("button", name=words("action.save"))
    await expect(save).to_have_attribute("aria-disabled", "true")
    assert await violations(page) == []
    await schema.fill('{"type": "array"}')
    await save.click()
    await expect(dialog.get_by_role("alert")).to_have_text(words("error.invalid-fields"))
    await schema.fill(good)
    await save.click()
    await expect(dialog).to_have_count(0)
    made = await (await owner.get(f"{address}/weekly")).json()
    assert (made["tasks"], list(made["custom"])) == (["title", "summary", "actions"], ["weather"])

    await page.get_by_role("button", name=words("sets.changeName", name="weekly")).click()
    await dialog.get_by_text(words("sets.prompts"), exact=True).click()
    await dialog.get_by_label(words("sets.promptOf", task=words("task.title"))).fill("In three words.")
    await save.click()
    await expect(dialog).to_have_count(0)
    assert (await (await owner.get(f"{address}/weekly")).json())["prompts"] == {"title": "In three words."}
    await page.get_by_role("button", name=words("sets.removeName", name="weekly")).click()
    await page.locator("form.confirm").get_by_role("button", name=words("action.delete")).click()
    await expect(page.get_by_role("heading", name="weekly")).to_have_count(0)
    assert (await owner.get(f"{address}/weekly")).status == 404
