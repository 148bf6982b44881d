"""Five things that people come for, as somebody does them who is here for the first time: by what stands on the page, and how many
clicks it takes. A page that needs more of them than today has become harder to use.
"""

from dataclasses import dataclass
from typing import Any

import docx
from playwright.async_api import Locator, Page, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.meetings import FRENCH, held_meeting
from tests.browser.test_reader import Open, row
from tests.browser.words import Words

FAILURE = {"code": "worker-lost", "detail": "It was lost.", "remedy": "Try again.", "retryable": False}


@dataclass
class Hand:
    """Clicks, and counts the clicks."""

    page: Page
    words: Words
    clicks: int = 0

    async def click(self, place: Locator) -> None:
        self.clicks += 1
        await place.click()

    async def press(self, key: str, role: Any = "button") -> None:
        """Click what is called so."""
        await self.click(self.page.get_by_role(role, name=self.words(key), exact=True))

    async def choose(self, key: str, value: str) -> None:
        """Open a list, and take one of it."""
        self.clicks += 2
        await self.page.get_by_label(self.words(key), exact=True).select_option(value)

    def taken(self) -> int:
        """Return the clicks since it was asked before."""
        clicks, self.clicks = self.clicks, 0
        return clicks


async def test_what_people_come_for_takes_few_clicks(logged_in: Open, editor: Person, worker: Worker) -> None:
    words = Words("fr-FR")
    failed = (await editor.uploaded())["id"]
    await worker.report(await worker.claim(), "failure", **FAILURE)
    await held_meeting(editor, worker, "fr")
    page = await logged_in(editor, locale="fr-FR")
    hand = Hand(page, words)
    dialog = page.get_by_role("dialog")

    # Asked for: "Find where the second speaker talks about the budget, and give me that part as a Word file."
    await hand.press("home.search", "searchbox")
    await page.keyboard.type("budget")
    second = words("reader.speakerNumber", number="2")
    await hand.click(page.locator(".place").filter(has_text=second))
    await expect(row(page, 5)).to_be_focused()
    await hand.press("reader.export")
    await hand.press("reader.part.some", "radio")
    async with page.expect_download() as downloading:
        await hand.press("reader.download", "link")
    written = "\n".join(one.text for one in docx.Document(str(await (await downloading.value).path())).paragraphs)
    assert FRENCH[5].text in written
    assert FRENCH[4].text not in written
    assert hand.taken() == 5
    await page.keyboard.press("Escape")

    # Asked for: "Madame Okonkwo is called Okafor: put it right wherever it stands."
    await hand.press("reader.find")
    await page.keyboard.type("Okonkwo")
    await hand.click(page.get_by_placeholder(words("reader.replaceWith")))
    await page.keyboard.type("Okafor")
    await hand.press("reader.replaceAll")
    await expect(row(page, 4).locator(".said")).to_contain_text("Okafor")
    assert hand.taken() == 3

    # Asked for: "The second voice is Benoît Coulon."
    await hand.press("reader.tab.speakers", "tab")
    await hand.click(page.get_by_label(words("reader.nameOf", name=second)))
    await page.keyboard.type("Benoît Coulon")
    await page.keyboard.press("Enter")
    await expect(row(page, 5).locator(".who")).to_contain_text("Benoît Coulon")
    assert hand.taken() == 2

    # Asked for: "Let somebody without an account hear it, for a month."
    await hand.press("reader.share")
    await hand.choose("reader.shareScope", "text+audio")
    await hand.choose("reader.shareDays", "30")
    await hand.press("reader.shareMake")
    await hand.press("action.copy")
    await expect(dialog.locator("#link")).not_to_have_value("")
    assert hand.taken() == 7
    await page.keyboard.press("Escape")

    # Asked for: "One has failed: what is the matter with it? Try it again."
    await hand.click(page.get_by_role("navigation").get_by_role("link", name=words("app.recordings"), exact=True))
    await expect(page.get_by_text(words("error.worker-lost"))).to_be_visible()
    await hand.click(page.locator(f'.row a[href="/recordings/{failed}"]'))
    await hand.press("action.retry")
    await expect(page.locator(".working")).to_be_visible()
    assert hand.taken() == 3
