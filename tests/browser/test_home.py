"""The list of recordings: live, found, filtered, and what is done with many at once; in both languages."""

import datetime as dt
import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Locator, Page, Route, expect

from app.core.access import Role
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.conftest import MakePerson, Person
from tests.api.worker import Worker
from tests.browser.conftest import log_in, violations
from tests.browser.shelf import SHELF, shelve
from tests.browser.words import Words

WORDS: dict[str, dict[str, Any]] = {
    "en-GB": {
        "first": "Send your first recording",
        "done": "Done",
        "failed": "Failed",
        "cancelled": "Cancelled",
        "waiting": "Waiting",
        "writing": "Writing",
        "summary": "Summarising",
        "search": "Search in what was said",
        "filters": "Filters",
        "state": "State",
        "language": "Language",
        "label": "Label",
        "clear": "Clear filters",
        "none": "No recording fits these filters",
        "places": "2 places",
        "nobody": "Nobody said “elephant”",
        "all": "Select all that are shown",
        "choose": "Select “{}”",
        "selected": "5 selected",
        "delete": "Delete",
        "forever": "Delete for good",
        "stop": "Stop",
        "retry": "Try again",
        "add": "Label",
        "new label": "Add a label",
        "save": "Save",
        "offline": "No connection.",
        "project": "Name of the project",
        "make": "Make the project",
    },
    "fr-FR": {
        "first": "Envoyez votre premier enregistrement",
        "done": "Terminé",
        "failed": "Échec",
        "cancelled": "Annulé",
        "waiting": "En attente",
        "writing": "Écriture",
        "summary": "Résumé en cours",
        "search": "Chercher dans ce qui a été dit",
        "filters": "Filtres",
        "state": "État",
        "language": "Langue",
        "label": "Étiquette",
        "clear": "Effacer les filtres",
        "none": "Aucun enregistrement ne correspond à ces filtres",
        "places": "2 passages",
        "nobody": "Personne n’a dit « elephant »",
        "all": "Sélectionner tout ce qui est affiché",
        "choose": "Sélectionner « {} »",
        "selected": "5 sélectionnés",
        "delete": "Supprimer",
        "forever": "Supprimer pour toujours",
        "stop": "Arrêter",
        "retry": "Réessayer",
        "add": "Étiqueter",
        "new label": "Ajouter une étiquette",
        "save": "Enregistrer",
        "offline": "Pas de connexion.",
        "project": "Nom du projet",
        "make": "Créer le projet",
    },
}
LOCALES = pytest.mark.parametrize("locale", WORDS)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody's job is taken back while a browser is slow."""
    return settings.model_copy(update={"lease": 600})


def row(page: Page, name: str) -> Locator:
    return page.locator(".row").filter(has=page.get_by_role("link", name=name, exact=True))


def titles(page: Page) -> Locator:
    return page.locator(".row .title")


@LOCALES
async def test_who_has_nothing_yet_is_shown_the_first_step(
    logged_in: Any, editor: Person, person: MakePerson, locale: str
) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale)
    await expect(page.get_by_role("heading", name=words["first"])).to_be_visible()
    assert await violations(page) == []
    # Somebody in no project begins with one.
    newcomer = await person("newcomer")
    page = await logged_in(newcomer, locale=locale)
    await page.get_by_label(words["project"]).fill("Chronicle")
    assert await violations(page) == []
    await page.get_by_role("button", name=words["make"]).click()
    await expect(page.get_by_role("heading", name=words["first"])).to_be_visible()
    made = await (await newcomer.get("/api/projects")).json()
    assert [project["name"] for project in made["items"]] == ["Chronicle"]


@LOCALES
async def test_a_recording_is_followed_as_it_is_worked_on(
    logged_in: Any, editor: Person, worker: Worker, locale: str
) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale)
    await expect(page.get_by_role("heading", name=words["first"])).to_be_visible()
    # It is sent from elsewhere, and comes into the list by itself.
    await editor.uploaded(name="meeting.wav")
    here = row(page, "meeting.wav")
    await expect(here).to_contain_text(words["waiting"])
    await worker.plan((0.0, 5.0), (5.0, 10.0))
    order = await worker.claim()
    await worker.report(order, "progress", stage="transcribing", percent=50)
    await expect(here).to_contain_text(words["writing"])
    bar = here.get_by_role("progressbar")
    before = int(await bar.get_attribute("aria-valuenow") or "")
    assert 0 < before < 100
    assert await violations(page) == []
    await worker.report(order, "result", **await worker.result_of(order))
    await worker.do_next()
    await worker.do_next()
    await expect(bar).not_to_have_attribute("aria-valuenow", str(before))
    assert int(await bar.get_attribute("aria-valuenow") or "") > before
    [item] = (await (await editor.get("/api/transcriptions")).json())["items"]
    while (await editor.read(item["id"]))["state"] == "processing":
        await worker.do_next()
    await expect(here).to_contain_text(words["summary"])
    await worker.do_next(QueueName.ENRICHMENT)
    # Named by what it is about, as nobody has given it a name; the file's stands below.
    done = row(page, "A title")
    await expect(done).to_contain_text(words["done"])
    await expect(done).to_contain_text("meeting.wav")
    await editor.delete(f"/api/transcriptions/{item['id']}")
    await expect(page.get_by_role("heading", name=words["first"])).to_be_visible()


@LOCALES
async def test_how_long_it_still_takes_is_said(logged_in: Any, editor: Person, worker: Worker, locale: str) -> None:
    words = Words(locale)
    await editor.uploaded(name="meeting.wav", enrichment="false")
    await worker.plan((0.0, 5.0), (5.0, 10.0))
    order = await worker.claim()
    [item] = (await (await editor.get("/api/transcriptions")).json())["items"]

    async def percent() -> float:
        return float((await editor.read(item["id"]))["percent"])

    await worker.report(order, "progress", stage="transcribing", percent=20)
    before = await percent()
    page = await logged_in(editor, locale=locale)
    bar = row(page, "meeting.wav").get_by_role("progressbar")
    await expect(bar).to_have_attribute("aria-valuenow", str(int(before + 0.5)))
    # Of one moment nothing can be told.
    await expect(page.locator(".state-left")).to_have_count(0)
    began = dt.datetime.now(dt.UTC)
    await page.clock.set_fixed_time(began)
    await page.reload()
    await expect(bar).to_have_attribute("aria-valuenow", str(int(before + 0.5)))
    await page.clock.set_fixed_time(began + dt.timedelta(minutes=4))
    await worker.report(order, "progress", stage="transcribing", percent=80)
    after = await percent()
    minutes = round((100 - after) / ((after - before) / 4))
    told = re.compile(words("home.left", time=rf"{minutes}\s+min\w*"))
    await expect(page.locator(".state-left")).to_have_text(told)


@LOCALES
async def test_what_was_said_is_found_and_leads_to_its_second(
    logged_in: Any, client: TestClient, editor: Person, locale: str
) -> None:
    words = WORDS[locale]
    ids = await shelve(client)
    page = await logged_in(editor, locale=locale)
    await page.get_by_role("searchbox", name=words["search"]).fill("budget")
    found = page.get_by_role("article").filter(has_text="Conseil municipal.mp3")
    await expect(found).to_contain_text(words["places"])
    await expect(found.locator("mark").first).to_have_text("budget")
    await expect(found).to_contain_text("Anna")
    assert await violations(page) == []
    await expect(page).to_have_url(re.compile(r"\?q=budget$"))
    # A view of the search can be kept: the address holds it.
    await page.reload()
    await expect(found).to_be_visible()
    await found.get_by_role("link", name=re.compile("1:15")).click()
    await expect(page).to_have_url(re.compile(rf"/recordings/{ids[0]}\?at=75\.5$"))
    await page.go_back()
    await expect(page.get_by_role("searchbox")).to_have_value("budget")
    await page.get_by_role("searchbox").fill("elephant")
    await expect(page.get_by_role("heading", name=words["nobody"])).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("searchbox").fill("")
    await expect(titles(page)).to_have_count(len(SHELF))


@LOCALES
async def test_filters_stand_in_the_address(logged_in: Any, client: TestClient, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    await shelve(client)
    page = await logged_in(editor, locale=locale)
    await expect(titles(page)).to_have_count(len(SHELF))
    await page.get_by_role("button", name=words["filters"]).click()
    await page.locator(".filters").get_by_label(words["language"], exact=True).select_option("fr")
    await expect(titles(page)).to_have_text(["Conseil municipal.mp3", "entretien-042.wav", "appel-client.ogg"])
    await page.get_by_label(words["state"], exact=True).select_option("done")
    await expect(titles(page)).to_have_text(["Conseil municipal.mp3", "entretien-042.wav"])
    await page.locator("select[name=sort]").select_option("duration-asc")
    await expect(titles(page)).to_have_text(["entretien-042.wav", "Conseil municipal.mp3"])
    assert await violations(page) == []
    await page.reload()
    await expect(titles(page)).to_have_text(["entretien-042.wav", "Conseil municipal.mp3"])
    # A label is a filter, too; and so it is when it is chosen in the list.
    await page.get_by_role("button", name="enquête").click()
    await expect(titles(page)).to_have_text(["entretien-042.wav"])
    await expect(page).to_have_url(re.compile(r"state=done.*language=fr|language=fr.*state=done"))
    await page.locator("input[name=from]").fill("2999-01-01")
    await page.locator("input[name=from]").blur()
    await expect(page.get_by_role("heading", name=words["none"])).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words["clear"]).first.click()
    await expect(titles(page)).to_have_count(len(SHELF))


@LOCALES
async def test_many_are_labelled_stopped_tried_again_and_deleted_at_once(
    logged_in: Any, client: TestClient, editor: Person, locale: str
) -> None:
    words = WORDS[locale]
    await shelve(client, recordings=SHELF[:3])
    for name in ("one.wav", "two.wav"):
        await editor.uploaded(name=name)
    page = await logged_in(editor, locale=locale)
    await page.get_by_role("checkbox", name=words["all"]).click()
    bar = page.get_by_role("toolbar")
    await expect(bar).to_contain_text(words["selected"])
    assert await violations(page) == []

    await bar.get_by_role("button", name=words["add"]).click()
    assert await violations(page) == []
    await page.get_by_label(words["new label"]).fill("archive")
    await page.get_by_role("button", name=words["save"]).click()
    await expect(page.locator(".row .chip").filter(has_text="archive")).to_have_count(5)
    listed = (await (await editor.get("/api/transcriptions")).json())["items"]
    assert all("archive" in item["labels"] for item in listed)
    assert sorted(next(item for item in listed if item["name"] == "Board meeting.m4a")["labels"]) == [
        "2026", "archive", "board",
    ]  # fmt: skip

    # Done ones cannot be stopped: those that can are.
    await page.get_by_role("checkbox", name=words["all"]).click()
    await bar.get_by_role("button", name=words["stop"]).click()
    for name in ("one.wav", "two.wav"):
        await expect(row(page, name)).to_contain_text(words["cancelled"])
    await page.get_by_role("checkbox", name=words["choose"].format("one.wav")).click()
    await bar.get_by_role("button", name=words["retry"]).click()
    await expect(row(page, "one.wav")).to_contain_text(words["waiting"])

    await page.get_by_role("checkbox", name=words["choose"].format("one.wav")).click()
    # With Shift, all between the two.
    await page.get_by_role("checkbox", name=words["choose"].format("entretien-042.wav")).click(modifiers=["Shift"])
    await bar.get_by_role("button", name=words["delete"]).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Conseil municipal.mp3")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(titles(page)).to_have_count(5)
    await bar.get_by_role("button", name=words["delete"]).click()
    await dialog.get_by_role("button", name=words["forever"]).click()
    await expect(titles(page)).to_have_text(["two.wav", "Board meeting.m4a"])
    left = (await (await editor.get("/api/transcriptions")).json())["items"]
    assert {item["name"] for item in left} == {"two.wav", "Board meeting.m4a"}


async def test_a_viewer_chooses_and_changes_nothing(logged_in: Any, client: TestClient, person: MakePerson) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    await shelve(client)
    page = await logged_in(viewer)
    await page.get_by_role("checkbox", name=WORDS["en-GB"]["all"]).click()
    for name in ("Delete", "Stop", "Try again", "Label"):
        button = page.get_by_role("toolbar").get_by_role("button", name=name)
        await expect(button).to_have_attribute("aria-disabled", "true")


async def test_somebody_elses_labels_are_not_overwritten(logged_in: Any, client: TestClient, editor: Person) -> None:
    [made] = await shelve(client, recordings=SHELF[:1])
    page = await logged_in(editor)
    await page.get_by_role("checkbox", name="Select “Conseil municipal.mp3”").click()
    await page.get_by_role("toolbar").get_by_role("button", name="Label").click()
    await page.get_by_label("Add a label").fill("mine")
    answer = await editor.patch(f"/api/transcriptions/{made}", json={"labels": ["theirs"]}, headers={"If-Match": "*"})
    assert answer.status == 200
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".row .chip")).to_have_text(["theirs", "mine"])


async def test_what_was_chosen_is_labelled_though_it_has_left_the_list(logged_in: Any, editor: Person) -> None:
    words = WORDS["en-GB"]
    made = await editor.uploaded(name="one.wav")
    page = await logged_in(editor, "/?state=active")
    await page.get_by_role("checkbox", name=words["choose"].format("one.wav")).click()
    await page.get_by_role("toolbar").get_by_role("button", name=words["add"]).click()
    await page.get_by_label(words["new label"]).fill("archive")
    await editor.post(f"/api/transcriptions/{made['id']}/cancel")
    await expect(titles(page)).to_have_count(0)
    await expect(page.get_by_role("toolbar")).to_have_count(0)
    await page.get_by_role("button", name=words["save"]).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await editor.read(made["id"]))["labels"] == ["archive"]


async def test_thousands_scroll_and_only_what_is_in_sight_is_there(
    logged_in: Any, client: TestClient, editor: Person
) -> None:
    many = [{"name": f"{number:04}.wav", "duration_seconds": 1.0, "state": "cancelled"} for number in range(600)]
    await shelve(client, recordings=many)
    page = await logged_in(editor)
    await expect(row(page, "0000.wav")).to_be_visible()
    seen = set(await titles(page).all_text_contents())
    # Less than what is in sight at a time: nothing is passed over unseen.
    for _ in range(150):
        await page.mouse.wheel(0, 400)
        await expect(page.locator(".recordings:not([aria-busy])")).to_be_attached()
        await page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
        seen.update(await titles(page).all_text_contents())
        assert await page.locator(".row").count() < 60
        if "0599.wav" in seen:
            break
    await expect(row(page, "0599.wav")).to_be_visible()
    assert seen == {recording["name"] for recording in many}
    assert await page.get_by_role("table").get_attribute("aria-rowcount") == "601"


async def test_a_browser_whose_language_is_no_tag_shows_the_list(
    open_page: Any, client: TestClient, editor: Person
) -> None:
    # So Chromium says it where the system's locale is C.
    await shelve(client)
    page = await open_page("/login")
    await page.add_init_script("Object.defineProperty(navigator, 'languages', {get: () => ['en-US@posix']})")
    await page.goto("/")
    await log_in(page, editor.name)
    await expect(titles(page)).to_have_count(len(SHELF))


@LOCALES
async def test_without_a_connection_nothing_is_lost(
    logged_in: Any, client: TestClient, editor: Person, locale: str
) -> None:
    words = WORDS[locale]
    [made] = await shelve(client, recordings=SHELF[:1])
    page = await logged_in(editor, locale=locale)
    await expect(titles(page)).to_have_count(1)
    await page.context.set_offline(True)
    await expect(page.get_by_text(words["offline"])).to_be_visible()
    assert await violations(page) == []
    await editor.patch(f"/api/transcriptions/{made}", json={"name": "Renamed"}, headers={"If-Match": "*"})
    await editor.uploaded(name="meanwhile.wav")
    await page.context.set_offline(False)
    await expect(page.get_by_text(words["offline"])).to_be_hidden()
    await expect(titles(page)).to_have_text(["meanwhile.wav", "Renamed"])


LIST = re.compile(r"/api/transcriptions\?")


async def _too_many(route: Route) -> None:
    """As by the balancer; of all that a list can be refused with, the page does not ask again by itself."""
    await route.fulfill(status=429, json={"code": "too-many-requests", "title": "Too many requests", "status": 429})


async def test_a_list_that_did_not_come_is_asked_for_as_it_is_wanted_now(
    logged_in: Any, client: TestClient, editor: Person
) -> None:
    many = [
        {"name": f"{number:02}.wav", "duration_seconds": 60.0 - number, "language": ("en", "fr")[number % 2], "state": "cancelled"}
        for number in range(60)
    ]  # fmt: skip
    await shelve(client, recordings=many)
    words, said = WORDS["en-GB"], Words("en-GB")
    page = await logged_in(editor)
    refused = page.get_by_text(said("error.too-many-requests"))
    await expect(titles(page).first).to_have_text("00.wav")
    await page.get_by_role("button", name=words["filters"]).click()
    # In another order, by whoever presses.
    await page.route(LIST, _too_many)
    await page.locator("select[name=sort]").select_option("duration-asc")
    await expect(refused).to_be_visible()
    await page.unroute(LIST)
    await page.locator(".notice").get_by_role("button", name=said("action.retry")).click()
    await expect(titles(page).first).to_have_text("59.wav")
    await expect(refused).to_be_hidden()
    # Narrowed, as the connection comes back.
    await page.route(LIST, _too_many)
    await page.locator(".filters").get_by_label(words["language"], exact=True).select_option("fr")
    await expect(refused).to_be_visible()
    await page.unroute(LIST)
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "31")
    await expect(refused).to_be_hidden()


async def test_a_login_that_ends_keeps_the_page(logged_in: Any, client: TestClient, editor: Person) -> None:
    await shelve(client)
    page = await logged_in(editor)
    await expect(titles(page)).to_have_count(len(SHELF))
    await page.locator("input[type=search]").fill("budget")
    await editor.delete("/api/auth/sessions")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    assert await violations(page) == []
    await log_in(page, editor.name)
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("searchbox")).to_have_value("budget")


async def test_changes_come_again_after_a_login_that_ended(logged_in: Any, client: TestClient, editor: Person) -> None:
    [made] = await shelve(client, recordings=SHELF[:1])
    page = await logged_in(editor)
    await expect(titles(page)).to_have_count(1)
    session = await page.evaluate("fetch('/api/auth/sessions').then((answer) => answer.json())")
    [own] = [login["id"] for login in session["items"] if login["current"]]
    # Nothing is asked by the page: that the login has ended, the updates tell it.
    await editor.delete(f"/api/auth/sessions/{own}")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await editor.patch(f"/api/transcriptions/{made}", json={"name": "Renamed"}, headers={"If-Match": "*"})
    await log_in(page, editor.name)
    await expect(dialog).to_be_hidden()
    # What was missed, and what comes.
    await expect(titles(page)).to_have_text(["Renamed"])
    await editor.uploaded(name="afterwards.wav")
    await expect(titles(page)).to_have_text(["afterwards.wav", "Renamed"])


@LOCALES
async def test_by_keyboard_alone(logged_in: Any, client: TestClient, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    ids = await shelve(client)
    page = await logged_in(editor, locale=locale)
    await expect(titles(page)).to_have_count(len(SHELF))

    async def reach(role: str, name: str) -> None:
        """Press Tab until this has the focus, which can be seen."""
        for _ in range(60):
            await page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if await focused.count() and await focused.and_(page.get_by_role(role, name=name)).count():
                assert await focused.evaluate("(it) => getComputedStyle(it).outlineStyle") != "none"
                return
        raise AssertionError(f"Tab does not reach {role} {name}")

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await reach("searchbox", words["search"])
    await page.keyboard.type("budget")
    await page.keyboard.press("Enter")
    await expect(page.locator("mark").first).to_be_visible()
    await reach("link", "Conseil municipal.mp3")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(ids[0]))
    await page.go_back()
    await page.locator("input[type=search]").focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await expect(titles(page)).to_have_count(len(SHELF))
    await reach("checkbox", words["choose"].format("entretien-042.wav"))
    await page.keyboard.press("Space")
    await reach("button", words["delete"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await reach("button", words["forever"])
    await page.keyboard.press("Enter")
    await expect(titles(page)).to_have_count(len(SHELF) - 1)


@pytest.mark.parametrize("width", [360, 2560])
async def test_nothing_is_wider_than_the_window(logged_in: Any, client: TestClient, editor: Person, width: int) -> None:
    await shelve(client)
    page = await logged_in(editor, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    await expect(titles(page)).to_have_count(len(SHELF))
    await page.get_by_role("button", name="Filters").click()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await violations(page) == []
