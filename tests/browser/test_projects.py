"""Projects on the page: made, shared, narrowed, kept, ended; in both languages."""

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Page, expect

from app.api.keys import DATABASE
from app.core.access import Role
from app.db.tables import Transcription
from tests.api.conftest import MakePerson, Person
from tests.api.sound import tone
from tests.browser.conftest import violations
from tests.browser.words import LOCALES, Words

in_both_languages = pytest.mark.parametrize("locale", LOCALES)

PARTS = ["general", "members", "keys", "webhooks", "vocabulary", "voices", "keeping", "audit"]


@pytest.fixture
async def project(owner: Person) -> dict[str, Any]:
    """The project of the owner and the editor."""
    [found] = (await (await owner.get("/api/projects")).json())["items"]
    return found


async def confirm(page: Page, action: str) -> None:
    """Answer a question."""
    asked = page.locator("form.confirm")
    await asked.get_by_role("button", name=action, exact=True).click()
    await expect(asked).to_have_count(0)


@in_both_languages
async def test_a_project_is_made_renamed_and_deleted(logged_in: Any, person: MakePerson, locale: str) -> None:
    words = Words(locale)
    page = await logged_in(await person(), "/projects", locale=locale)
    await expect(page.get_by_text(words("projects.none"))).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("projects.new")).click()
    await page.get_by_label(words("projects.name")).fill("Comité d’été")
    assert await violations(page) == []
    await page.get_by_role("button", name=words("projects.make")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Comité d’été")
    await expect(page).to_have_title(re.compile("Comité d’été"))
    name = page.get_by_label(words("projects.name"))
    await name.fill("Comité d’hiver")
    await page.get_by_role("button", name=words("general.rename")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Comité d’hiver")

    end = page.get_by_role("button", name=words("end.do"))
    await end.click()
    dialog = page.get_by_role("dialog")
    sure = dialog.get_by_role("button", name=words("end.do"))
    await expect(sure).to_have_attribute("aria-disabled", "true")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(end).to_be_focused()
    await end.click()
    await dialog.get_by_role("textbox").fill("Comité d’hiver")
    await confirm(page, words("end.do"))
    await expect(page.get_by_text(words("projects.none"))).to_be_visible()


async def test_what_was_typed_stays_where_it_is_refused(logged_in: Any, owner: Person, stranger: Person) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, "/projects")
    await page.get_by_role("button", name=words("projects.new")).click()
    name = page.get_by_role("dialog").get_by_label(words("projects.name"))
    await name.fill("second")
    await page.get_by_role("button", name=words("projects.make")).click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.conflict"))
    await expect(page.get_by_text(words("fault.taken"))).to_be_visible()
    await expect(name).to_have_value("second")


@in_both_languages
async def test_a_user_is_invited_changed_and_removed(
    logged_in: Any, owner: Person, project: dict[str, Any], person: MakePerson, locale: str
) -> None:
    words, guest = Words(locale), await person("guest")
    page = await logged_in(owner, f"/projects/{project['id']}?part=members", locale=locale)
    username = page.get_by_label(words("login.username"))
    await username.fill("nobody at all")
    invite = page.get_by_role("button", name=words("members.inviteDo"), exact=True)
    await invite.click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.not-found"))
    await expect(username).to_have_value("nobody at all")
    await username.fill("guest")
    await page.get_by_label(words("projects.role"), exact=True).select_option("viewer")
    await invite.click()
    role = page.get_by_label(words("members.roleOf", name="guest"))
    await expect(role).to_have_value("viewer")
    await expect(username).to_have_value("")
    await role.select_option("editor")
    await expect(page.get_by_text(words("members.changed", name="guest", role=words("role.editor")))).to_be_visible()
    assert (await (await guest.get(f"/api/projects/{project['id']}")).json())["role"] == "editor"
    assert await violations(page) == []
    await page.get_by_role("button", name=words("members.removeName", name="guest")).click()
    assert await violations(page) == []
    await confirm(page, words("action.remove"))
    await expect(role).to_have_count(0)
    assert (await guest.get(f"/api/projects/{project['id']}")).status == 404


@in_both_languages
async def test_a_key_is_made_shown_once_renewed_and_revoked(
    logged_in: Any, client: TestClient, owner: Person, project: dict[str, Any], locale: str
) -> None:
    words = Words(locale)
    page = await logged_in(owner, f"/projects/{project['id']}?part=keys", locale=locale)
    await page.get_by_role("button", name=words("keys.new")).click()
    await page.get_by_label(words("keys.name"), exact=True).fill("archive")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("projects.role")).select_option("viewer")
    assert await dialog.get_by_label(words("scope.transcriptions:write")).count() == 0
    await dialog.get_by_label(words("scope.projects:read")).check()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("keys.make")).click()
    shown = page.get_by_label(words("keys.key"), exact=True)
    first = await shown.input_value()
    assert await violations(page) == []
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name=words("action.copy")).click()
    await expect(page.get_by_role("button", name=words("action.copied"))).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == first
    assert await _opens(client, first)
    await page.get_by_role("button", name=words("secret.done")).click()
    assert first not in await page.content()

    await page.get_by_role("button", name=words("keys.rotateName", name="archive")).click()
    await dialog.get_by_label(words("keys.overlap")).select_option("0")
    await dialog.get_by_role("button", name=words("keys.rotate")).click()
    second = await shown.input_value()
    await page.get_by_role("button", name=words("secret.done")).click()
    assert (await _opens(client, first), await _opens(client, second)) == (False, True)

    await page.get_by_role("button", name=words("keys.revokeName", name="archive")).click()
    await confirm(page, words("keys.revoke"))
    await expect(page.get_by_role("button", name=words("keys.revokeName", name="archive"))).to_have_count(0)
    assert not await _opens(client, second)
    assert await violations(page) == []


async def test_a_secret_goes_by_its_button_alone(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, f"/projects/{project['id']}?part=keys")
    await page.get_by_role("button", name=words("keys.new")).click()
    await page.get_by_label(words("keys.name"), exact=True).fill("archive")
    await page.get_by_role("button", name=words("keys.make")).click()
    shown = page.get_by_label(words("keys.key"), exact=True)
    await shown.wait_for()
    # Also where nothing in the dialog has the focus, as after a press beside it.
    for put in ("document.activeElement.focus()", "document.activeElement.blur()"):
        await page.evaluate(put)
        for _ in range(3):
            await page.keyboard.press("Escape")
            assert await page.locator("dialog").evaluate("(dialog) => dialog.matches(':modal')")
            await expect(shown).to_be_visible()
    await page.get_by_role("button", name=words("secret.done")).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def _opens(client: TestClient, key: str) -> bool:
    return (await client.get("/api/projects", headers={"X-API-Key": key})).status == 200


@in_both_languages
async def test_a_retention_is_looked_at_before_it_is_set(
    logged_in: Any, client: TestClient, owner: Person, project: dict[str, Any], locale: str
) -> None:
    words = Words(locale)
    old = await owner.uploaded()
    ended = {"state": "done", "finished_at": "2020-01-01T00:00:00+00:00"}
    await client.app[DATABASE].run(Transcription.update(**ended).where(Transcription.id == old["id"]).execute)
    page = await logged_in(owner, f"/projects/{project['id']}?part=keeping", locale=locale)
    await page.get_by_label(words("keeping.audioDays")).fill("30")
    await page.get_by_role("button", name=words("keeping.preview")).click()
    await expect(page.get_by_role("link", name="tone.wav")).to_be_visible()
    await expect(page.get_by_text(words("keeping.goes.audio"), exact=True)).to_be_visible()
    assert await violations(page) == []
    address = f"/api/projects/{project['id']}/retention"
    assert (await (await owner.get(address)).json())["audio_days"] is None
    await page.get_by_role("button", name=words("action.save")).click()
    await confirm(page, words("action.save"))
    await expect(page.get_by_text(words.of("keeping.days", 30))).to_be_visible()
    assert (await (await owner.get(address)).json())["audio_days"] == 30
    # The text may not go before the audio: what was typed is still there to be mended.
    text = page.get_by_label(words("keeping.textDays"))
    await text.fill("7")
    await page.get_by_role("button", name=words("action.save")).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(text).to_have_value("7")


async def test_a_hold_is_placed_and_lifted(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, f"/projects/{project['id']}?part=keeping")
    await page.get_by_label(words("hold.reason"), exact=True).fill("Case 2026/118")
    await page.get_by_role("button", name=words("hold.place")).click()
    await expect(page.get_by_text(words("hold.on"))).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("hold.lift")).click()
    await page.get_by_role("dialog").get_by_role("textbox").fill(project["name"])
    await confirm(page, words("hold.lift"))
    await expect(page.get_by_role("button", name=words("hold.place"))).to_be_visible()


async def test_names_and_terms_reach_the_next_recording(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, f"/projects/{project['id']}?part=vocabulary")
    await page.get_by_label(words("vocabulary.hotwords")).fill("Anneliese, Vocalyx")
    await page.get_by_role("button", name=words("action.save")).click()
    await expect(page.get_by_text(words("say.saved"))).to_be_visible()
    assert (await owner.uploaded())["options"]["hotwords"] == "Anneliese, Vocalyx"


async def test_voices_are_kept_only_where_an_owner_says_so(
    logged_in: Any, owner: Person, project: dict[str, Any]
) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, f"/projects/{project['id']}?part=voices")
    await page.get_by_role("button", name=words("voices.switchOn")).click()
    await confirm(page, words("voices.switchOn"))
    await expect(page.get_by_text(words("voices.none"))).to_be_visible()
    assert (await (await owner.get(f"/api/projects/{project['id']}")).json())["recognise_speakers"]


async def test_the_log_is_narrowed_and_taken_away(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    words = Words("en-GB")
    await owner.post(f"/api/projects/{project['id']}/keys", json={"name": "=HYPERLINK(1)"})
    page = await logged_in(owner, f"/projects/{project['id']}?part=audit")
    await expect(page.get_by_role("main").get_by_text(words("audit.key.created"))).to_be_visible()
    await page.get_by_label(words("audit.what")).select_option("member")
    await page.get_by_role("button", name=words("filter.apply")).click()
    await expect(page.get_by_role("main").get_by_text(words("audit.key.created"))).to_have_count(0)
    await page.get_by_label(words("audit.what")).select_option("key")
    await page.get_by_role("button", name=words("filter.apply")).click()
    await expect(page.get_by_role("main").get_by_text(words("audit.key.created"))).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name=words("audit.export")).click()
    content = (await (await download.value).path()).read_text(encoding="utf-8")
    assert content.startswith("\ufeff")
    assert content.count("key.created") == 1


@in_both_languages
async def test_what_a_project_may_use_and_uses_is_shown(
    logged_in: Any, administrator: Person, editor: Person, project: dict[str, Any], locale: str
) -> None:
    words = Words(locale)
    await editor.uploaded()
    page = await logged_in(administrator, f"/projects/{project['id']}", locale=locale)
    await expect(page.get_by_text(re.compile(words("quota.unlimited", used=".*")))).to_have_count(2)
    await page.get_by_label(words("quota.bytesLimit")).fill("0.00005")
    await page.get_by_label(words("quota.hoursLimit")).fill("2.5")
    await page.get_by_role("button", name=words("quota.set")).click()
    stored = page.get_by_role("meter", name=words("quota.stored"))
    used = (await (await editor.get(f"/api/projects/{project['id']}/quota")).json())["bytes"]["used"]
    await expect(stored).to_have_attribute("aria-valuenow", str(round(used / 500)))
    hours = {"en-GB": "2.5", "fr-FR": "2,5"}[locale]
    await expect(page.locator(".meter").nth(1)).to_contain_text(hours)
    assert await violations(page) == []
    # What is full is said to who sends.
    assert (await editor.upload(tone(3.0))).status == 403


async def test_all_of_a_project_is_taken_away(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    page = await logged_in(owner, f"/projects/{project['id']}")
    async with page.expect_download() as download:
        await page.get_by_role("link", name=Words("en-GB")("export.get")).click()
    assert (await (await download.value).path()).read_bytes().startswith(b"PK")


async def test_members_see_what_their_role_lets_them(
    logged_in: Any, project: dict[str, Any], person: MakePerson
) -> None:
    words = Words("en-GB")
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    page = await logged_in(viewer, f"/projects/{project['id']}?part=keys")
    parts = page.get_by_role("navigation", name=words("project.parts"))
    for part in PARTS:
        shown = 0 if part in ("keys", "webhooks", "audit") else 1
        await expect(parts.get_by_role("link", name=words(f"project.part.{part}"))).to_have_count(shown)
    await expect(page.get_by_role("button", name=words("end.do"))).to_have_count(0)
    await parts.get_by_role("link", name=words("project.part.members")).click()
    await expect(page.get_by_role("cell", name=words("role.viewer"))).to_be_visible()
    await expect(page.get_by_role("button", name=words("members.inviteDo"))).to_have_count(0)
    assert await violations(page) == []


@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "dark"), ("fr-FR", "light")])
async def test_every_part_is_without_violations_and_fits_a_phone(
    logged_in: Any, owner: Person, project: dict[str, Any], locale: str, scheme: str
) -> None:
    await owner.post(f"/api/projects/{project['id']}/keys", json={"name": "archive"})
    page = await logged_in(
        owner, "/projects", locale=locale, color_scheme=scheme, viewport={"width": 360, "height": 720}
    )
    assert await violations(page) == []
    for part in PARTS:
        await page.goto(f"/projects/{project['id']}?part={part}")
        await page.locator(".panel").first.wait_for()
        await expect(page.get_by_text(Words(locale)("app.loading"))).to_have_count(0)
        assert await violations(page) == [], part
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, part


async def test_by_keyboard_alone_a_key_is_made(logged_in: Any, owner: Person, project: dict[str, Any]) -> None:
    words = Words("en-GB")
    page = await logged_in(owner, "/projects")

    async def go_to(name: str, role: str = "link") -> None:
        """Press the tabulator until it is there, as somebody without a mouse does."""
        wanted = page.get_by_role(role, name=name, exact=True)
        await wanted.wait_for()
        for _ in range(60):
            if await wanted.evaluate("(element) => element === document.activeElement"):
                return
            await page.keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached")

    await go_to(project["name"])
    await page.keyboard.press("Enter")
    await go_to(words("project.part.keys"))
    await page.keyboard.press("Enter")
    await go_to(words("keys.new"), "button")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label(words("keys.name"), exact=True)).to_be_focused()
    await page.keyboard.type("by keyboard")
    await page.keyboard.press("Enter")
    await go_to(words("secret.done"), "button")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("rowheader", name=re.compile("by keyboard"))).to_be_visible()
    await expect(page.get_by_role("button", name=words("keys.new"))).to_be_focused()
