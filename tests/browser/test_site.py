"""The site's pages for administrators: users, workers, queues, failures, models, storage, charts; in both languages."""

import datetime as dt
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Locator, Page, expect

from app.api.keys import DATABASE, REDIS
from app.core.audit import Action
from app.dashboard.modules import STATIC
from app.db.tables import Transcription, now
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.cards import put_card
from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.words import LOCALES, Words

in_both_languages = pytest.mark.parametrize("locale", LOCALES)

PARTS = ["overview", "workers", "failures", "users", "models", "storage", "audit"]
FAILURE = {"code": "worker-fault", "detail": "It broke.", "remedy": "Mend it.", "retryable": False}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody's job is taken back while a browser is slow."""
    return settings.model_copy(update={"lease": 600})


async def failed(editor: Person, worker: Worker) -> dict[str, Any]:
    """A recording whose work came to nothing."""
    created = await editor.uploaded(enrichment="false")
    await worker.report(await worker.claim(), "failure", **FAILURE)
    found = await editor.read(created["id"])
    assert found["state"] == "error"
    return found


async def confirm(page: Page, action: str) -> None:
    """Answer a question."""
    asked = page.locator("form.confirm")
    await asked.get_by_role("button", name=action, exact=True).click()
    await expect(asked).to_have_count(0)


@in_both_languages
async def test_a_user_is_made_and_locked_out(
    logged_in: Any, open_page: OpenPage, administrator: Person, locale: str
) -> None:
    words = Words(locale)
    page = await logged_in(administrator, "/site/users", locale=locale)
    await page.get_by_role("button", name=words("users.new")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("login.username")).fill("new user")
    await dialog.get_by_role("button", name=words("password.makeUp")).click()
    password = await dialog.get_by_label(words("login.password")).input_value()
    assert re.fullmatch(r"(\w{4}-){4}\w{4}", password)
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words("users.make")).click()
    await expect(dialog.get_by_role("alert")).to_have_text(words("error.invalid-fields"))
    await expect(dialog.get_by_text(words("fault.wrong-form"))).to_be_visible()
    await expect(dialog.get_by_label(words("login.password"))).to_have_value(password)
    await dialog.get_by_label(words("login.username")).fill("newcomer")
    await dialog.get_by_label(words("password.mustChange")).uncheck()
    await dialog.get_by_role("button", name=words("users.make")).click()
    await expect(page.get_by_text(words("users.made", name="newcomer"))).to_be_visible()

    theirs = await open_page("/", locale=locale)
    await log_in(theirs, "newcomer", password)
    await page.get_by_label(words("users.find"), exact=True).fill("newc")
    await page.get_by_role("button", name=words("users.manageName", name="newcomer")).click()
    assert await violations(page) == []
    await page.get_by_role("button", name=words("manage.deactivate")).click()
    assert await violations(page) == []
    await confirm(page, words("manage.deactivate"))
    await expect(page.get_by_role("button", name=words("manage.activate"))).to_be_visible()
    await theirs.reload()
    await theirs.locator("input[name=username]").fill("newcomer")
    await theirs.locator("input[name=password]").fill(password)
    await theirs.locator("button[type=submit]").click()
    await expect(theirs.get_by_role("alert")).to_have_text(words("error.wrong-credentials"))

    await page.get_by_role("button", name=words("manage.activate")).click()
    await confirm(page, words("manage.activate"))
    other = await open_page("/", locale=locale)
    await log_in(other, "newcomer", password)
    await page.get_by_role("button", name=words("manage.endLogins")).click()
    await confirm(page, words("manage.endLogins"))
    await other.reload()
    await other.locator("input[name=username]").wait_for()
    # All of it stands in the log.
    await page.goto("/site/audit")
    for action in ("user.created", "user.changed"):
        await expect(page.get_by_text(words(f"audit.{action}"), exact=True).first).to_be_visible()


async def test_a_user_gets_a_new_password_another_kind_and_an_end(
    logged_in: Any, open_page: OpenPage, administrator: Person, editor: Person
) -> None:
    words = Words("en-GB")
    page = await logged_in(administrator, "/site/users")
    manage = page.get_by_role("button", name=words("users.manageName", name=editor.name))
    await manage.click()
    await page.get_by_label(words("login.password")).fill("another long password")
    await page.get_by_label(words("password.mustChange")).uncheck()
    await page.get_by_role("button", name=words("manage.setPassword")).click()
    await expect(page.get_by_label(words("login.password"))).to_have_value("")
    assert (await editor.get("/api/auth/me")).status == 401
    await log_in(await open_page("/"), editor.name, "another long password")
    await page.get_by_role("button", name=words("manage.promote")).click()
    await confirm(page, words("manage.promote"))
    await expect(page.get_by_role("button", name=words("manage.demote"))).to_be_visible()
    # This site has no provider: the page says so, and keeps what was typed.
    await page.get_by_label(words("manage.subject")).fill("248289761001")
    await page.get_by_role("button", name=words("manage.link"), exact=True).click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.oidc-not-configured"))
    await expect(page.get_by_label(words("manage.subject"))).to_have_value("248289761001")
    await page.get_by_role("button", name=words("manage.delete")).click()
    await page.locator("form.confirm").get_by_role("textbox").fill(editor.name)
    await confirm(page, words("manage.delete"))
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(manage).to_have_count(0)


@in_both_languages
async def test_failures_are_tried_again_one_and_all(
    logged_in: Any, administrator: Person, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    created = [await failed(editor, worker) for _ in range(3)]
    page = await logged_in(administrator, "/site/failures", locale=locale)
    await expect(page.get_by_text("It broke.")).to_have_count(3)
    assert await violations(page) == []
    await page.get_by_role("button", name=re.compile(f"^{words('action.retry')}")).first.click()
    await expect(page.get_by_text("It broke.")).to_have_count(2)
    await page.get_by_role("button", name=words("failures.retryAll")).click()
    assert await violations(page) == []
    await confirm(page, words("failures.retryAll"))
    await expect(page.get_by_text(words("failures.none"))).to_be_visible()
    assert [(await editor.read(one["id"]))["state"] for one in created] == ["queued"] * 3
    assert await violations(page) == []


@in_both_languages
async def test_workers_and_queues_are_seen_as_they_change(
    logged_in: Any, client: TestClient, administrator: Person, editor: Person, worker: Worker, locale: str
) -> None:
    words, redis = Words(locale), client.app[REDIS]
    page = await logged_in(administrator, "/site/workers", locale=locale)
    await expect(page.get_by_text(words("workers.none"))).to_be_visible()
    await editor.uploaded()
    order = await worker.claim()
    await worker.report(order, "progress", stage="listening", percent=25)
    put_card(redis, "one", state="busy", current_job=order["job_id"])
    put_card(redis, "two", QueueName.ENRICHMENT, cpu_percent=None, memory_limit_bytes=None)
    put_card(redis, "lost", silent=50)
    busy = page.get_by_role("listitem", name="one")
    await expect(busy.get_by_text(words("worker.busy"), exact=True)).to_be_visible()
    await expect(busy.get_by_role("meter", name=words("workers.progress"))).to_have_attribute("aria-valuenow", "25")
    await expect(busy.get_by_role("meter", name=words("workers.cpu"))).to_have_attribute("aria-valuenow", "47")
    await expect(busy.get_by_role("meter", name=words("workers.memory"))).to_be_visible()
    await busy.get_by_text(words("workers.more"), exact=True).click()
    await expect(busy.locator("dd code").first).to_be_visible()
    await expect(
        page.get_by_role("listitem", name="lost").get_by_text(words("worker.stale"), exact=True)
    ).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name=words("site.part.overview")).click()
    row = page.get_by_role("row", name=re.compile(words("queue.transcription")))
    await expect(row.get_by_role("cell").first).to_have_text("1")
    await expect(row.get_by_text(words.of("queues.stale", 1))).to_be_visible()


@in_both_languages
async def test_the_charts_tell_their_numbers_in_a_table_too(
    logged_in: Any, client: TestClient, administrator: Person, editor: Person, locale: str
) -> None:
    words = Words(locale)
    for days, hours in ((0, 1.5), (1, 3.0), (3, 0.5)):
        created, ended = await editor.uploaded(), now() - dt.timedelta(days=days)
        # Worked on for half as long as it lasts, after a minute and a half of waiting.
        started = ended - dt.timedelta(hours=hours / 2)
        values = {
            "state": "done", "finished_at": ended, "duration_seconds": hours * 3600,
            "started_at": started, "created_at": started - dt.timedelta(seconds=90),
        }  # fmt: skip
        await client.app[DATABASE].run(Transcription.update(values).where(Transcription.id == created["id"]).execute)
    page = await logged_in(administrator, "/site", locale=locale)
    point = {"en-GB": ".", "fr-FR": ","}[locale]

    def chart_of(key: str) -> Locator:
        return page.get_by_role("figure").filter(has=page.get_by_role("heading", name=words(key)))

    chart = chart_of("chart.hours")
    await expect(chart.get_by_role("img")).to_be_visible()
    await expect(chart.locator("rect.series-0")).to_have_count(3)
    for key, numbers in (
        ("chart.hours", [f"1{point}5"]),
        ("chart.waiting", ["1:30", "1:30"]),
        ("chart.factor", [f"0{point}5", f"0{point}5"]),
    ):
        await chart_of(key).get_by_text(words("chart.table")).click()
        await expect(chart_of(key).get_by_role("row").last.get_by_role("cell")).to_have_text(numbers)
    tile = page.locator(".tile").filter(has_text=words("overview.factor"))
    await expect(tile).to_contain_text(f"0{point}5")
    assert await violations(page) == []
    await page.get_by_label(words("overview.span")).select_option("7")
    await expect(chart.get_by_role("row")).to_have_count(8)


async def test_models_and_storage_are_told(logged_in: Any, administrator: Person) -> None:
    words = Words("en-GB")
    page = await logged_in(administrator, "/site/models")
    models = (await (await administrator.get("/api/models")).json())["items"]
    await expect(page.get_by_role("rowheader")).to_have_count(len(models))
    await page.get_by_role("link", name=words("site.part.storage")).click()
    await expect(page.get_by_role("meter")).to_have_count(2)
    await expect(page.get_by_text(words("storage.reserve"))).to_be_visible()


async def test_it_is_for_administrators(logged_in: Any, editor: Person) -> None:
    words = Words("en-GB")
    page = await logged_in(editor, "/site/users")
    await expect(page.get_by_role("alert")).to_have_text(words("site.notYours"))
    await expect(page.get_by_role("link", name=words("app.site"))).to_have_count(0)


@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "dark"), ("fr-FR", "light")])
async def test_every_part_is_without_violations_and_fits_a_phone(
    logged_in: Any, client: TestClient, administrator: Person, editor: Person, worker: Worker, locale: str, scheme: str
) -> None:
    await failed(editor, worker)
    put_card(client.app[REDIS], "one", state="busy")
    page = await logged_in(
        administrator, "/site", locale=locale, color_scheme=scheme, viewport={"width": 360, "height": 720}
    )
    for part in PARTS:
        await page.goto("/site" if part == "overview" else f"/site/{part}")
        await page.locator(".panel").first.wait_for()
        await expect(page.get_by_text(Words(locale)("app.loading"))).to_have_count(0)
        assert await violations(page) == [], part
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, part


def test_every_action_has_its_words_and_its_place_in_the_log() -> None:
    script = (STATIC / "components" / "audit_log.js").read_text(encoding="utf-8")
    groups = dict(re.findall(r"^  (\w+): \[(.*)\],$", script, re.MULTILINE))
    found = {f"{group}.{action}" for group, actions in groups.items() for action in re.findall(r'"(\w+)"', actions)}
    assert found == {str(action) for action in Action}
    for locale in LOCALES:
        assert {f"audit.{name}" for name in found} | {f"audit.group.{group}" for group in groups} <= Words(
            locale
        ).keys()


async def test_every_string_is_there_in_both_languages() -> None:
    english, french = (Words(locale).keys() for locale in LOCALES)
    assert english == french
