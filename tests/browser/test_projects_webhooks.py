"""Webhooks on the page, told to a real receiver."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.receiver import Receiver, answering, running_receiver
from tests.browser.conftest import violations
from tests.browser.words import LOCALES, Words


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as receiver:
        yield receiver


@pytest.fixture
async def settings(settings: Settings, receiver: Receiver) -> Settings:
    return settings.model_copy(update={"webhook_allowed": "127.0.0.1/32", "webhook_ports": str(receiver.port)})


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_webhook_is_made_tested_and_its_message_sent_again(
    logged_in: Any, owner: Person, receiver: Receiver, locale: str
) -> None:
    words = Words(locale)
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    page = await logged_in(owner, f"/projects/{project['id']}?part=webhooks", locale=locale)
    await expect(page.get_by_text(words("webhooks.none"))).to_be_visible()
    await page.get_by_role("button", name=words("webhooks.new")).click()
    address = page.get_by_label(words("webhooks.url"), exact=True)
    await address.fill("http://10.0.0.1/inside")
    assert await violations(page) == []
    await page.get_by_role("button", name=words("webhooks.make")).click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.url-refused"))
    await expect(address).to_have_value("http://10.0.0.1/inside")
    await address.fill(receiver.url("/first"))
    await page.get_by_role("button", name=words("webhooks.make")).click()
    secret = await page.get_by_label(words("webhooks.secret"), exact=True).input_value()
    await page.get_by_role("button", name=words("secret.done")).click()
    assert secret not in await page.content()

    receiver.behaviours["/first"] = answering(500, 204, text="not today")
    await page.get_by_role("button", name=words("webhooks.ping")).click()
    [first] = await receiver.until_told("/first", 1)
    assert (first.type, first.signed_by(secret)) == ("ping", True)
    await expect(page.locator(".badge").get_by_text(words("outcome.failed"), exact=True)).to_be_visible()
    await page.get_by_text(words("deliveries.details"), exact=True).click()
    await expect(page.get_by_text("not today")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("deliveries.replay")).click()
    again = (await receiver.until_told("/first", 2))[-1]
    assert (again.id, again.body) == (first.id, first.body)
    await expect(page.locator(".badge").get_by_text(words("outcome.delivered"), exact=True)).to_be_visible()

    await page.get_by_role("button", name=words("webhooks.rotate")).click()
    await page.get_by_role("dialog").get_by_role("button", name=words("webhooks.rotate")).click()
    renewed = await page.get_by_label(words("webhooks.secret"), exact=True).input_value()
    await page.get_by_role("button", name=words("secret.done")).click()
    await page.get_by_role("button", name=words("webhooks.ping")).click()
    newest = (await receiver.until_told("/first", 3))[-1]
    assert (newest.signed_by(renewed), newest.signed_by(secret)) == (True, True)

    await page.get_by_role("button", name=words("action.delete")).click()
    await page.get_by_role("dialog").get_by_role("button", name=words("action.delete")).click()
    await expect(page.get_by_text(words("webhooks.none"))).to_be_visible()
