"""Sending recordings from the page: files over a bad line, a link, the microphone; in both languages."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Page, Route, expect

from app.core.access import Role
from app.settings import Settings
from tests.api.conftest import MakePerson, Person
from tests.api.cutting import cutting_proxy
from tests.api.origin import Origin, running_origin
from tests.api.sound import tone
from tests.browser.conftest import PATIENCE_MS, OpenPage, log_in, violations
from tests.browser.line import line_to
from tests.browser.shelf import shelve
from tests.browser.words import Words

WORDS: dict[str, dict[str, Any]] = {
    "en-GB": {
        "send": "Send recordings",
        "now": "Send",
        "three": "Send 3 recordings",
        "language": "Language",
        "speakers": "Speakers",
        "exactly": "I know how many",
        "count": "How many",
        "more": "More options",
        "terms": "Names and terms to expect",
        "summary": "Title, summary and key points",
        "all sent": "All sent",
        "sent": "Sent",
        "pause": "Pause slow.wav",
        "resume": "Resume slow.wav",
        "cancel": "Cancel slow.wav",
        "paused": "Paused at",
        "lost": "Connection lost at",
        "refused": "This is no audio or video file.",
        "link": "From a link",
        "address": "Address of the recording",
        "fetch": "Fetch it",
        "not allowed": "The server may not reach this address.",
        "record": "Record",
        "start": "Start recording",
        "recording": "Recording",
        "pause recording": "Pause",
        "go on": "Go on",
        "finish": "Finish",
        "kept": "not sent yet",
        "send it": "Send it",
        "unfinished": "Not sent to the end",
    },
    "fr-FR": {
        "send": "Envoyer des enregistrements",
        "now": "Envoyer",
        "three": "Envoyer 3 enregistrements",
        "language": "Langue",
        "speakers": "Personnes",
        "exactly": "Je connais leur nombre",
        "count": "Combien",
        "more": "Plus d’options",
        "terms": "Noms et termes attendus",
        "summary": "Titre, résumé et points clés",
        "all sent": "Tout est envoyé",
        "sent": "Envoyé",
        "pause": "Suspendre slow.wav",
        "resume": "Reprendre slow.wav",
        "cancel": "Annuler slow.wav",
        "paused": "Suspendu à",
        "lost": "Connexion perdue à",
        "refused": "Ce n’est pas un fichier audio ou vidéo.",
        "link": "Depuis un lien",
        "address": "Adresse de l’enregistrement",
        "fetch": "Récupérer",
        "not allowed": "Le serveur n’a pas le droit d’atteindre cette adresse.",
        "record": "Au micro",
        "start": "Commencer",
        "recording": "Enregistrement en cours",
        "pause recording": "Pause",
        "go on": "Reprendre",
        "finish": "Terminer",
        "kept": "pas encore envoyé",
        "send it": "L’envoyer",
        "unfinished": "Envois inachevés",
    },
}
LOCALES = pytest.mark.parametrize("locale", WORDS)


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with running_origin() as origin:
        yield origin


@pytest.fixture
async def settings(settings: Settings, origin: Origin) -> Settings:
    """One address of loopback is the site's media server, and no other."""
    return settings.model_copy(update={"fetch_allowed": "127.0.0.1/32", "fetch_ports": str(origin.port)})


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "audio/wav", "buffer": content}


def file_on_disk(folder: Path, name: str, content: bytes) -> Path:
    """A file that the browser reads itself: what a test hands over goes through three programs, a megabyte a second."""
    path = folder / name
    path.write_bytes(content)
    return path


async def choose(page: Page, *files: dict[str, Any] | Path) -> None:
    await page.locator("input[type=file]").set_input_files(list(files))
    await expect(page.get_by_role("dialog")).to_be_visible()


async def listed(editor: Person) -> list[dict[str, Any]]:
    return (await (await editor.get("/api/transcriptions")).json())["items"]


async def ready(page: Page) -> None:
    """Wait for the list: once it is there, so is what waits for files that are dropped."""
    await page.locator("main h2, .row").first.wait_for()


async def drop(page: Page, files: list[dict[str, Any]]) -> None:
    """Drag files over the list and let them go, as a browser tells of it."""
    await ready(page)
    await let_go(page, files)


async def let_go(page: Page, files: list[dict[str, Any]]) -> None:
    """The same on any page that is ready."""
    told = [{"name": one["name"], "bytes": list(one["buffer"])} for one in files]
    await page.evaluate(
        """(files) => {
            const carried = new DataTransfer();
            for (const {name, bytes} of files) carried.items.add(new File([new Uint8Array(bytes)], name, {type: "audio/wav"}));
            for (const kind of ["dragenter", "dragover"])
                document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
            window.carried = carried;
        }""",
        told,
    )
    await expect(page.locator(".drop")).to_be_visible()
    await page.evaluate(
        """() => document.body.dispatchEvent(
            new DragEvent("drop", {dataTransfer: window.carried, bubbles: true, cancelable: true}))"""
    )
    await expect(page.locator(".drop")).to_be_hidden()


@LOCALES
async def test_three_files_at_once_over_a_line_that_is_cut(
    open_page: OpenPage, client: TestClient, editor: Person, locale: str
) -> None:
    words = WORDS[locale]
    contents = {f"meeting-{number}.wav": tone(60.0 + number, 300 + number) for number in range(3)}
    cuts = [400_000, 250_000, 600_000]
    async with cutting_proxy("127.0.0.1", client.port or 0, list(cuts)) as proxy:
        page = await open_page("/", locale=locale)
        await page.goto(proxy.url)
        await log_in(page, editor.name)
        await choose(page, *(file(name, content) for name, content in contents.items()))
        dialog = page.get_by_role("dialog", name=words["three"])
        await dialog.get_by_label(words["language"], exact=True).select_option("fr")
        await dialog.get_by_label(words["speakers"], exact=True).select_option(label=words["exactly"])
        await dialog.get_by_label(words["count"]).fill("3")
        assert await violations(page) == []
        # The one that sends has the focus: Enter is enough.
        await expect(dialog.get_by_role("button", name=words["now"], exact=True)).to_have_count(1)
        await dialog.get_by_role("button", name=words["now"], exact=True).click()
        await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
        assert await violations(page) == []
        assert proxy.done == cuts
        for name in contents:
            await expect(page.locator(".row").filter(has_text=name)).to_be_visible()
    made = {item["name"]: item for item in await listed(editor)}
    assert {name: item["sha256"] for name, item in made.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    for item in made.values():
        assert (item["options"]["language"], item["options"]["num_speakers"]) == ("fr", 3)


@LOCALES
async def test_files_are_dropped_anywhere_and_options_are_kept(logged_in: Any, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale)
    await expect(page.locator(".empty")).to_be_visible()
    await drop(page, [file("one.wav", tone(1.0)), file("two.wav", tone(1.5))])
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words["summary"]).uncheck()
    await dialog.get_by_text(words["more"]).click()
    await dialog.get_by_label(words["terms"]).fill("Le Goff, SIRET")
    await dialog.locator("select[name=priority]").select_option("high")
    assert await violations(page) == []
    # The browser goes down: what was typed is there again.
    await page.reload()
    await drop(page, [file("one.wav", tone(1.0)), file("two.wav", tone(1.5))])
    await dialog.get_by_text(words["more"]).click()
    await expect(dialog.get_by_label(words["terms"])).to_have_value("Le Goff, SIRET")
    await dialog.get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
    for item in await listed(editor):
        options = item["options"]
        assert (options["enrichment"], options["priority"], options["hotwords"]) == (False, "high", "Le Goff, SIRET")


@LOCALES
async def test_an_upload_is_paused_resumed_and_cancelled(
    open_page: OpenPage, client: TestClient, editor: Person, tmp_path: Path, locale: str
) -> None:
    words = WORDS[locale]
    async with line_to(client.port or 0) as line:
        page = await open_page("/", locale=locale)
        await page.goto(line.url)
        await log_in(page, editor.name)
        line.bytes_a_second = 100_000
        # Larger than what systems keep on the way: the browser counts as sent what it has given away.
        await choose(page, file_on_disk(tmp_path, "slow.wav", tone(1200.0)))
        await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
        bar = page.locator(".tray").get_by_role("progressbar")
        await expect(bar).not_to_have_attribute("aria-valuenow", "0")
        await page.get_by_role("button", name=words["pause"]).click()
        await expect(page.locator(".tray")).to_contain_text(words["paused"])
        assert await violations(page) == []
        # Paused, nothing is made.
        assert await listed(editor) == []
        await page.get_by_role("button", name=words["resume"]).click()
        await expect(page.get_by_role("button", name=words["pause"])).to_be_visible()

        # The line goes, and comes back: it goes on by itself.
        line.cut()
        await expect(page.locator(".tray")).to_contain_text(words["lost"])
        await expect(page.locator(".connection-lost")).to_be_visible()
        assert await violations(page) == []
        line.mend()
        await expect(page.locator('[data-upload="sending"]')).to_be_visible()
        await expect(page.locator(".connection-lost")).to_be_hidden()

        await page.get_by_role("button", name=words["cancel"]).click()
        await expect(page.locator(".tray")).to_be_hidden()
        assert await page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tus::'))") == []
        assert await listed(editor) == []


# A browser's file has the same date each time it is chosen; one of a test is new each time.
DROP_LONG = """() => {
    const carried = new DataTransfer();
    const bytes = Uint8Array.from(atob(sessionStorage.getItem("long")), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], "long.wav", {type: "audio/wav", lastModified: 1}));
    window.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, cancelable: true}));
}"""


async def left_unfinished(page: Page, content: bytes, words: dict[str, Any]) -> None:
    """Begin to send a file over a slow line, and load the page anew before all of it is there."""
    await ready(page)
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 60_000}
    await session.send("Network.emulateNetworkConditions", slow)
    await page.evaluate("(text) => sessionStorage.setItem('long', text)", base64.b64encode(content).decode())
    await page.evaluate(DROP_LONG)
    await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.locator(".tray").get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
    page.on("dialog", lambda asked: asked.accept())
    await page.reload()
    await session.detach()
    await expect(page.get_by_role("heading", name=words["unfinished"])).to_be_visible()


@LOCALES
async def test_an_upload_goes_on_after_the_page_was_closed(logged_in: Any, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    content = tone(100.0)
    page = await logged_in(editor, locale=locale)
    await left_unfinished(page, content, words)
    assert await violations(page) == []
    begun = []
    page.on("request", lambda asked: begun.append(asked.method) if "/api/uploads" in asked.url else None)
    await page.evaluate(DROP_LONG)
    await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
    # It was asked how much is there, and not begun anew.
    assert begun[0] == "HEAD"
    assert "POST" not in begun
    [item] = await listed(editor)
    assert item["sha256"] == hashlib.sha256(content).hexdigest()


async def test_what_was_begun_for_another_project_is_not_gone_on_with(
    logged_in: Any, client: TestClient, editor: Person
) -> None:
    words, said = WORDS["en-GB"], Words("en-GB")
    await shelve(client, project="second", recordings=(), editor=editor.name)
    projects = (await (await editor.get("/api/projects")).json())["items"]
    ids = {project["name"]: project["id"] for project in projects}
    content = tone(100.0)
    page = await logged_in(editor)
    await left_unfinished(page, content, words)
    await page.evaluate(DROP_LONG)
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("select[name=project]")).to_have_value(ids["first"])
    await dialog.locator("select[name=project]").select_option(label="second")
    await dialog.get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.locator("[data-upload=done]")).to_be_visible()
    # The earlier one waits for its file on.
    await expect(page.get_by_role("button", name=said("upload.chooseAgain"))).to_be_visible()
    [item] = await listed(editor)
    assert (item["project_id"], item["sha256"]) == (ids["second"], hashlib.sha256(content).hexdigest())


@LOCALES
async def test_what_is_refused_says_why(logged_in: Any, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale)
    await choose(page, file("letter.wav", b"Dear Sir or Madam, " * 100), file("fine.wav", tone(1.0)))
    await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.locator(".tray").get_by_role("alert")).to_contain_text(words["refused"])
    await expect(page.locator(".row").filter(has_text="fine.wav")).to_be_visible()
    assert await violations(page) == []


@LOCALES
async def test_a_page_of_an_earlier_release_says_that_it_has_to_be_loaded_anew(
    logged_in: Any, editor: Person, locale: str
) -> None:
    words, said = WORDS[locale], Words(locale)
    page = await logged_in(editor, locale=locale)

    async def gone(route: Route) -> None:
        """As by a server with another release (app/dashboard/serving.py)."""
        await route.fulfill(status=404)

    await page.route("**/modules/tus.js", gone)
    await choose(page, file("one.wav", tone(1.0)))
    await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.locator(".tray").get_by_role("alert")).to_have_text(said("error.page-outdated"))
    assert await violations(page) == []


@LOCALES
async def test_a_link_is_fetched(logged_in: Any, editor: Person, origin: Origin, locale: str) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale)
    await page.get_by_role("button", name=words["link"]).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words["address"]).fill("http://10.0.0.1/board.mp3")
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words["fetch"]).click()
    await expect(dialog.get_by_role("alert")).to_contain_text(words["not allowed"])
    assert await violations(page) == []
    # What was typed outlives the page.
    await page.reload()
    await page.get_by_role("button", name=words["link"]).click()
    await expect(dialog.get_by_label(words["address"])).to_have_value("http://10.0.0.1/board.mp3")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    # An address that is pasted anywhere is taken.
    await page.evaluate(
        """(address) => {
            const carried = new DataTransfer();
            carried.setData("text/plain", address);
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: carried, bubbles: true}));
        }""",
        origin.url("/recording"),
    )
    await expect(dialog.get_by_label(words["address"])).to_have_value(origin.url("/recording"))
    await dialog.locator("select[name=language]").select_option("fr")
    await dialog.get_by_label(words["address"]).press("Enter")
    await expect(page.locator(".row .title")).to_have_text(["recording"])
    [item] = await listed(editor)
    assert item["options"]["language"] == "fr"


@LOCALES
async def test_the_microphone_is_recorded_and_sent(logged_in: Any, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale, permissions=["microphone"])
    await page.get_by_role("button", name=words["record"], exact=True).click()
    dialog = page.get_by_role("dialog")
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words["start"]).click()
    await expect(dialog.get_by_role("status")).to_have_text(words["recording"])
    await expect(dialog.locator(".recorder-time")).to_have_text("0:02")
    # The fake device beeps: the meter moves.
    await expect(page.locator(".meter-bar")).to_have_attribute("style", re.compile(r"scaleX\(0\.\d*[1-9]"))
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words["pause recording"]).click()
    await expect(dialog.get_by_role("button", name=words["go on"])).to_be_visible()
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words["go on"]).click()
    await dialog.get_by_role("button", name=words["finish"]).click()
    await dialog.get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
    [item] = await listed(editor)
    assert re.search(r"\.(webm|m4a|ogg)$", item["name"])
    assert item["media"]["codec"] == "opus"
    # The server has it: the browser lets go.
    await expect(page.get_by_text(words["kept"])).to_be_hidden()
    assert await _kept(page) == 0


@LOCALES
async def test_what_was_recorded_outlives_a_closed_page(logged_in: Any, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    page = await logged_in(editor, locale=locale, permissions=["microphone"])
    await page.get_by_role("button", name=words["record"], exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=words["start"]).click()
    await expect(dialog.locator(".recorder-time")).to_have_text("0:03")
    await page.reload()
    await expect(page.get_by_text(words["kept"])).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name=words["send it"]).click()
    await dialog.get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
    [item] = await listed(editor)
    assert item["media"]["codec"] == "opus"
    assert await _kept(page) == 0


@pytest.mark.parametrize("still_looked_at", [False, True])
async def test_what_is_refused_after_all_of_it_came_is_told(
    open_page: OpenPage, client: TestClient, administrator: Person, editor: Person, *, still_looked_at: bool
) -> None:
    words, said = WORDS["en-GB"], Words("en-GB")
    [project] = (await (await editor.get("/api/projects")).json())["items"]
    # How long the recording is, is known once all of it is there.
    little = await administrator.put(f"/api/projects/{project['id']}/quota", json={"bytes": None, "hours": 0.0001})
    assert little.status == 200
    async with line_to(client.port or 0) as line:
        page = await open_page("/")
        await page.goto(line.url)
        await log_in(page, editor.name)
        begun = []
        page.on("request", lambda asked: begun.append(asked.method) if "/api/uploads" in asked.url else None)
        if still_looked_at:
            await _say_first_that_it_is_looked_at(page, editor)
        await choose(page, file("long.wav", tone(2.0)))
        line.loses_answer_to = b"PATCH "
        await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
        tray = page.locator(".tray")
        await expect(tray.get_by_role("alert")).to_have_text(said("error.quota-exceeded"))
        await expect(page.locator("[data-upload=refused]")).to_be_visible()
        assert begun.count("POST") == 1
        assert await listed(editor) == []


async def _say_first_that_it_is_looked_at(page: Page, editor: Person) -> None:
    """Let the server say once of an upload that all of it is there, as it does until it has looked at the recording."""

    async def whole(route: Route) -> None:
        if route.request.method != "HEAD":
            await route.fallback()
            return
        upload = await (await editor.get(urlsplit(route.request.url).path)).json()
        size = str(upload["size_bytes"])
        await route.fulfill(status=200, headers={"Upload-Offset": size, "Upload-Length": size})

    async def complete(route: Route) -> None:
        if route.request.method != "GET":
            await route.fallback()
            return
        await page.unroute("**/api/uploads/*", complete)
        await route.fulfill(json={"state": "complete", "transcription_id": None})

    await page.route("**/api/uploads/*", whole)
    await page.route("**/api/uploads/*", complete)


async def test_one_that_is_paused_before_it_begins_is_begun_once(logged_in: Any, editor: Person) -> None:
    words = WORDS["en-GB"]
    page = await logged_in(editor)
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/modules/tus.js", hold)
    begun = []
    page.on("request", lambda asked: begun.append(asked.method) if "/api/uploads" in asked.url else None)
    await choose(page, file("slow.wav", tone(2.0)))
    await page.get_by_role("dialog").get_by_role("button", name=words["now"], exact=True).click()
    await page.get_by_role("button", name=words["pause"]).click()
    await page.get_by_role("button", name=words["resume"]).click()
    await expect(page.locator("[data-upload=sending]")).to_be_visible()
    assert begun == []
    for route in held:
        await route.continue_()
    await expect(page.locator("[data-upload=done]")).to_be_visible()
    assert begun.count("POST") == 1
    assert len(await listed(editor)) == 1


# The real microphone, of which the test knows what it hears with, and when it is allowed.
MICROPHONE = """() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.heard = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        if (window.asked) await new Promise((allow) => (window.allow = allow));
        window.heard.push(await real(wanted));
        return window.heard.at(-1);
    };
}"""
LET_GO = """() => new Promise((done) => {
    const isOff = () => window.heard[0]?.getTracks().every((track) => track.readyState === "ended");
    const look = () => (isOff() ? done() : setTimeout(look, 20));
    look();
})"""


@LOCALES
async def test_a_microphone_that_stops_by_itself_is_told_and_what_it_heard_is_sent(
    logged_in: Any, editor: Person, locale: str
) -> None:
    words, said = WORDS[locale], Words(locale)
    page = await logged_in(editor, locale=locale, permissions=["microphone"])
    await page.evaluate(MICROPHONE)
    await page.get_by_role("button", name=words["record"], exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=words["start"]).click()
    await expect(dialog.locator(".recorder-time")).to_have_text("0:02")
    # As when it is unplugged: the recorder has nothing left to hear.
    await page.evaluate("window.heard[0].getTracks().forEach((track) => track.stop())")
    await expect(dialog.get_by_text(said("record.problem.lost"))).to_be_visible()
    await expect(dialog.get_by_role("status")).to_have_text(said("record.state.stopped"))
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words["send it"]).click()
    await dialog.get_by_role("button", name=words["now"], exact=True).click()
    await expect(page.get_by_role("heading", name=words["all sent"])).to_be_visible()
    [item] = await listed(editor)
    assert item["media"]["codec"] == "opus"
    assert await _kept(page) == 0


async def test_nothing_is_recorded_once_the_dialog_is_closed(logged_in: Any, editor: Person) -> None:
    words = WORDS["en-GB"]
    page = await logged_in(editor, permissions=["microphone"])
    await page.evaluate(MICROPHONE)
    await page.evaluate("window.asked = true")
    await page.get_by_role("button", name=words["record"], exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=words["start"]).click()
    await expect(dialog.get_by_role("status")).to_have_text(Words("en-GB")("record.state.asking"))
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.evaluate("window.allow()")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await page.evaluate(LET_GO)
    # The next one begins as if nothing had been.
    await page.evaluate("window.asked = false")
    await page.get_by_role("button", name=words["record"], exact=True).click()
    await dialog.get_by_role("button", name=words["start"]).click()
    await expect(dialog.get_by_role("status")).to_have_text(words["recording"])


async def _kept(page: Page) -> int:
    return json.loads(
        await page.evaluate(
            """() => new Promise((resolve) => {
                indexedDB.open("vocalyx").onsuccess = ({target}) => {
                    const asked = target.result.transaction("pieces").objectStore("pieces").count();
                    asked.onsuccess = () => resolve(JSON.stringify(asked.result));
                };
            })"""
        )
    )


async def test_who_may_only_read_is_told_so(logged_in: Any, client: TestClient, person: MakePerson) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    page = await logged_in(viewer)
    # Somebody who may send nowhere is shown how to begin a project of their own.
    await expect(page.get_by_label("Name of the project")).to_be_visible()
    await drop(page, [file("one.wav", tone(1.0))])
    await expect(page.get_by_text("You may read here, and not send.")).to_be_visible()
