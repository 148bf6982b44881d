"""All that people do on the page, one after the other, on the whole platform with real speech; in both languages.

The real work is done once a language, on few seconds of speech. What fails, fails for a real reason: its file is gone from the
volume while it waits, as after a disk that was not mounted; it is put back, and tried again.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
import pytest
import requests
from playwright.async_api import Locator, Page, expect

from tests.api.receiver import Receiver, running_receiver
from tests.api.sound import tone
from tests.browser.conftest import OpenPage, browser, log_in, open_page  # noqa: F401 - fixtures, asked for by their names
from tests.browser.line import Line, line_to
from tests.browser.words import LOCALES, Words
from tests.e2e.conftest import AUDIO, Site

pytestmark = [pytest.mark.e2e, pytest.mark.engine]

DONE_SECONDS = 600
SLOW_BYTES_A_SECOND = 8_000
# What is followed and corrected; beside it goes one that is no work, and one that fails.
FOLLOWED = {"en-GB": "two-speakers.ogg", "fr-FR": "fleurs-fr.ogg"}
FAILING = "jfk.ogg"
PEOPLE = {"en-GB": ("Ann Bell", "Ben Cole"), "fr-FR": ("Anne Bellé", "Benoît Coulon")}
RARE_WORD = {"en-GB": "Okonkwo", "fr-FR": "Sérusier"}


@dataclass
class Journey:
    """Somebody's sitting: their page, what it says, and the instance behind it. `ids` are recordings by their files."""

    page: Page
    words: Words
    locale: str
    site: Site
    files: list[Path]
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The id of the recording that is followed and corrected."""
        return self.ids[FOLLOWED[self.locale]]

    def button(self, key: str, **values: str) -> Locator:
        return self.page.get_by_role("button", name=self.words(key, **values), exact=True)

    async def to_page(self, key: str) -> None:
        """Go to one of the pages that stand at the top."""
        pages = self.page.get_by_role("navigation", name=self.words("app.navigation"))
        await pages.get_by_role("link", name=self.words(key), exact=True).click()

    async def to_part(self, part: str) -> None:
        await self.to_page("app.projects")
        await self.page.get_by_role("link", name=f"Journey {self.locale}").click()
        await self.page.get_by_role("link", name=self.words(f"project.part.{part}"), exact=True).click()

    async def to_recording(self, name: str) -> None:
        await self.to_page("app.recordings")
        await self.page.locator(f'.row a[href="/recordings/{self.ids[name]}"]').click()
        await self.page.locator(".reader").wait_for()


@pytest.fixture
def address(site: Site) -> str:
    return site.instance.url


@pytest.fixture
async def receiver(receiver_port: int) -> AsyncIterator[Receiver]:
    async with running_receiver(receiver_port) as receiver:
        yield receiver


@pytest.mark.parametrize("locale", LOCALES)
async def test_from_the_first_login_to_the_last_click(
    site: Site,
    open_page: OpenPage,  # noqa: F811 - asked for by its name
    receiver: Receiver,
    tmp_path: Path,
    locale: str,
) -> None:
    async with line_to(site.instance.port) as line:
        page = await open_page(line.url, locale=locale)
        quiet = tmp_path / "quiet.wav"
        quiet.write_bytes(tone(3.0))
        journey = Journey(page, Words(locale), locale, site, [AUDIO / FOLLOWED[locale], quiet, AUDIO / FAILING])
        login = site.instance.login()
        await log_in(page, login.username, login.password)
        await make_project(journey)
        with standing_still(site):
            await send_three_over_a_line_that_is_cut(journey, line)
            lost = lose(site, journey.ids[FAILING])
            await journey.to_recording(FOLLOWED[locale])
            await expect(page.locator(".working")).to_be_visible()
        await follow(journey)
        await correct_a_word(journey)
        await name_the_speakers(journey)
        await search_and_jump(journey)
        await export(journey, tmp_path)
        await share(journey, open_page)
        await invite(journey)
        await make_a_key(journey)
        secret = await make_a_webhook(journey, receiver)
        await retry(journey, lost)
        await told(journey, receiver, secret)
        await log_out(journey)


async def make_project(journey: Journey) -> None:
    page, words = journey.page, journey.words
    await journey.to_page("app.projects")
    await journey.button("projects.new").click()
    await page.get_by_role("dialog").get_by_label(words("projects.name")).fill(f"Journey {journey.locale}")
    await journey.button("projects.make").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Journey {journey.locale}")
    await journey.to_page("app.recordings")


@contextlib.contextmanager
def standing_still(site: Site) -> Iterator[None]:
    """Keep the transcription worker from taking anything up."""
    worker = site.instance.child("app.workers.transcription")
    assert worker is not None
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()


async def send_three_over_a_line_that_is_cut(journey: Journey, line: Line) -> None:
    page, words = journey.page, journey.words
    await page.locator("input[type=file]").set_input_files(journey.files)
    dialog = page.get_by_role("dialog", name=words.of("send.files", 3))
    await dialog.get_by_label(words("send.project"), exact=True).select_option(label=f"Journey {journey.locale}")
    line.bytes_a_second = SLOW_BYTES_A_SECOND
    await dialog.get_by_role("button", name=words("send.now"), exact=True).click()
    tray = page.locator(".tray")
    await expect(tray.get_by_role("progressbar")).to_have_count(3)
    line.cut()
    await expect(tray.locator('[data-upload="broken"]').first).to_be_visible()
    await expect(page.locator(".connection-lost")).to_be_visible()
    line.bytes_a_second = None
    line.mend()
    await expect(page.get_by_role("heading", name=words("upload.allSent"))).to_be_visible()
    await expect(page.locator(".connection-lost")).to_be_hidden()
    for file in journey.files:
        href = await tray.get_by_role("link", name=file.name, exact=True).get_attribute("href")
        made = journey.ids[file.name] = (href or "").rpartition("/")[2]
        assert journey.site.read(made)["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def lose(site: Site, transcription: str) -> tuple[Path, Path]:
    """Take a recording's file away; returns where it stood and where it is."""
    [path] = (site.instance.state.uploads / transcription[:2] / transcription).glob("source*")
    away = path.with_name("away")
    path.rename(away)
    return path, away


async def follow(journey: Journey) -> None:
    page = journey.page
    # The text appears by itself, and the summary after it.
    await expect(page.locator(".segment").first).to_be_visible(timeout=1000 * DONE_SECONDS)
    await expect(page.locator(".working")).to_have_count(0, timeout=1000 * DONE_SECONDS)
    await expect(page.get_by_role("tabpanel").locator(".answers-title, .finding").first).to_be_visible(
        timeout=1000 * DONE_SECONDS
    )
    found = journey.site.read(journey.main)
    assert found["language"] == journey.locale[:2]


async def correct_a_word(journey: Journey) -> None:
    page, words = journey.page, journey.words
    passage = page.locator(".segment").first
    said = await passage.locator(".said").inner_text()
    await passage.locator(".said").dblclick()
    corrected = " ".join([RARE_WORD[journey.locale], *said.split()[1:]])
    await passage.locator("textarea").fill(corrected)
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await expect(passage.locator(".said")).to_have_text(corrected)
    assert journey.site.read(journey.main)["segments"][0]["text"] == corrected


async def name_the_speakers(journey: Journey) -> None:
    page, people = journey.page, PEOPLE[journey.locale]
    await page.get_by_role("tab", name=journey.words("reader.tab.speakers"), exact=True).click()
    names = page.get_by_role("tabpanel").locator("input.name")
    voices = 2 if FOLLOWED[journey.locale] == "two-speakers.ogg" else 1
    await expect(names).to_have_count(voices)
    for index in range(voices):
        await names.nth(index).fill(people[index])
        await names.nth(index).press("Enter")
        await expect(page.locator(".who").filter(has_text=people[index]).first).to_be_visible()
    found = journey.site.read(journey.main)
    assert {speaker["name"] for speaker in found["speakers"]} == set(people[:voices])


async def search_and_jump(journey: Journey) -> None:
    page, words = journey.page, journey.words
    await journey.to_page("app.recordings")
    await page.get_by_role("searchbox", name=words("home.search")).fill(RARE_WORD[journey.locale])
    place = page.get_by_role("article").locator(".place")
    await expect(place).to_have_count(1)
    await expect(place.locator(".place-who")).to_have_text(re.compile("|".join(PEOPLE[journey.locale])))
    await expect(place.locator("mark")).to_have_text(RARE_WORD[journey.locale])
    await place.click()
    start = journey.site.read(journey.main)["segments"][0]["start"]
    await expect(page).to_have_url(re.compile(rf"/recordings/{journey.main}\?at="))
    await expect(page.locator(".segment").first).to_be_focused()
    await expect(page.locator(".seek")).to_have_value(str(int(start)))


async def export(journey: Journey, folder: Path) -> None:
    page, words = journey.page, journey.words
    await journey.button("reader.export").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name=words("reader.download"), exact=True).click()
    await (await downloading.value).save_as(folder / "text.docx")
    written = "\n".join(paragraph.text for paragraph in docx.Document(str(folder / "text.docx")).paragraphs)
    assert RARE_WORD[journey.locale] in written
    assert PEOPLE[journey.locale][0] in written
    await page.keyboard.press("Escape")


async def share(journey: Journey, open_page: OpenPage) -> None:  # noqa: F811 - handed on by the test
    page = journey.page
    await journey.button("reader.share").click()
    await journey.button("reader.shareMake").click()
    link = await page.locator("input#link").input_value()
    guest = await open_page(link, locale=journey.locale)
    await expect(guest.locator(".segment").first).to_contain_text(RARE_WORD[journey.locale])
    await expect(guest.locator(".frame-bar nav")).to_have_count(0)
    await page.keyboard.press("Escape")


async def invite(journey: Journey) -> None:
    page, words, name = journey.page, journey.words, f"colleague-{journey.locale.lower()}"
    made = journey.site.session.post(
        f"{journey.site.instance.url}/api/users",
        json={"username": name, "password": "a first long password"},
        timeout=10,
    )
    assert made.status_code == requests.codes.created, made.text
    await journey.to_part("members")
    await page.get_by_label(words("login.username")).fill(name)
    await page.get_by_label(words("projects.role"), exact=True).select_option("viewer")
    await journey.button("members.inviteDo").click()
    await expect(page.get_by_label(words("members.roleOf", name=name))).to_have_value("viewer")


async def make_a_key(journey: Journey) -> None:
    page, words = journey.page, journey.words
    await page.get_by_role("link", name=words("project.part.keys"), exact=True).click()
    await journey.button("keys.new").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("keys.name"), exact=True).fill("archive")
    await dialog.get_by_label(words("projects.role")).select_option("viewer")
    await journey.button("keys.make").click()
    key = await page.get_by_label(words("keys.key"), exact=True).input_value()
    await journey.button("secret.done").click()
    url = f"{journey.site.instance.url}/api/transcriptions"
    answer = await asyncio.to_thread(requests.get, url, headers={"X-API-Key": key}, timeout=10)
    assert {item["id"] for item in answer.json()["items"]} == set(journey.ids.values())


async def make_a_webhook(journey: Journey, receiver: Receiver) -> str:
    page, words = journey.page, journey.words
    await page.get_by_role("link", name=words("project.part.webhooks"), exact=True).click()
    await journey.button("webhooks.new").click()
    await page.get_by_role("dialog").get_by_label(words("webhooks.url"), exact=True).fill(receiver.url("/told"))
    await journey.button("webhooks.make").click()
    secret = await page.get_by_label(words("webhooks.secret"), exact=True).input_value()
    await journey.button("secret.done").click()
    await journey.button("webhooks.ping").click()
    # What a recording tells meanwhile stands beside it, and comes beside it.
    ping_shown = page.locator(".deliveries .log-entry").filter(has_text=words("event.ping"))
    await expect(ping_shown).to_contain_text(words("outcome.delivered"))
    [ping] = [message for message in receiver.at("/told") if message.type == "ping"]
    assert ping.signed_by(secret)
    return secret


async def retry(journey: Journey, lost: tuple[Path, Path]) -> None:
    page, words = journey.page, journey.words
    await journey.to_page("app.site")
    await page.get_by_role("link", name=words("site.part.failures"), exact=True).click()
    failure = page.locator(".log-entry").filter(has=page.locator(f'a[href="/recordings/{journey.ids[FAILING]}"]'))
    await expect(failure).to_contain_text("recording-missing", timeout=1000 * DONE_SECONDS)
    path, away = lost
    away.rename(path)
    await failure.get_by_role("button", name=re.compile(f"^{words('action.retry')}")).click()
    await expect(failure).to_have_count(0)
    await journey.to_recording(FAILING)
    await expect(page.locator(".segment").first).to_be_visible(timeout=1000 * DONE_SECONDS)
    await expect(page.locator(".working")).to_have_count(0, timeout=1000 * DONE_SECONDS)


async def told(journey: Journey, receiver: Receiver, secret: str) -> None:
    wanted = journey.ids[FAILING]

    def ended(one: Receiver) -> bool:
        return any(m.type == "transcription.done" and wanted in m.body.decode() for m in one.at("/told"))

    await receiver.until(ended, DONE_SECONDS)
    assert all(message.signed_by(secret) for message in receiver.at("/told"))


async def log_out(journey: Journey) -> None:
    page = journey.page
    await journey.button("app.logOut").click()
    await expect(page.locator("input[name=password]")).to_be_visible()
    answer: Any = await page.request.get("/api/auth/me")
    assert answer.status == requests.codes.unauthorized
    await page.reload()
    await expect(page.locator("input[name=password]")).to_be_visible()
