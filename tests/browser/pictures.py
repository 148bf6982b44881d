"""Pictures of the page on a site that people work on: `make screenshots`, no test of its own.

Those that the README shows are written to docs/images. With VOCALYX_PICTURES, the name of a folder, one of every page and state
is written there besides, to be looked at: in both languages, of a telephone, a desk and a wide screen, light and dark.
"""

import base64
import datetime as dt
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient
from playwright.async_api import Page, expect

from app.api.keys import DATABASE, REDIS
from app.core.access import Role
from app.db.tables import Transcription, now
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.cards import put_card
from tests.api.conftest import MakePerson, Person
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.browser.meetings import held_meeting
from tests.browser.shelf import shelve
from tests.browser.words import Words

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 150_000
HEIGHTS = {360: 780, 1366: 860, 2560: 1440}
# Between them every language has every width, and every width has light and dark.
LOOKS = [
    ("en-GB", 360, "dark"), ("en-GB", 1366, "light"), ("en-GB", 2560, "dark"),
    ("fr-FR", 360, "light"), ("fr-FR", 1366, "dark"), ("fr-FR", 2560, "light"),
]  # fmt: skip
SENT = (
    {"name": "Conseil municipal du 12 mars.mp3", "language": "fr", "duration_seconds": 5423.0, "labels": ["conseil", "2026"]},
    {"name": "Entretien 42.wav", "language": "fr", "duration_seconds": 1830.5, "labels": ["enquête"]},
    {"name": "Board meeting, March.m4a", "language": "en", "duration_seconds": 3601.0, "labels": ["board", "2026"]},
    {"name": "Appel client.ogg", "language": "fr", "duration_seconds": 245.0, "state": "cancelled"},
    {"name": "Interview with the architect.flac", "language": "en", "duration_seconds": 2710.0, "labels": ["reading room"]},
    {"name": "Visite de l’école.m4a", "language": "fr", "duration_seconds": 912.0, "labels": []},
    {"name": "Dictation 7.wav", "language": "en", "duration_seconds": 188.0, "labels": []},
    {
        "name": "cassette_07_face_B_numérisée_par_les_archives_départementales_version_définitive.flac",
        "language": None,
        "state": "error",
        "error": {
            "code": "damaged-media", "detail": "The recording is damaged or incomplete.", "remedy": "Send the file again.",
        },
    },
)  # fmt: skip
TO_WEBP = """async ([png, quality]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: image.width, height: image.height});
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass
class Place:
    """A site that people work on: who they are, and the ids of its project and of its two meetings."""

    administrator: Person
    project: str
    meetings: dict[str, str]
    be_heard: Callable[[], None]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing is given up while a browser is slow."""
    return settings.model_copy(update={"lease": 600, "probe_timeout": 300})


@pytest.fixture
async def place(client: TestClient, person: MakePerson, worker: Worker) -> Place:
    """A town's library with some meetings, and work that goes on."""
    administrator = await person("claire.morel", project="Library", role=Role.OWNER, administrator=True)
    for name, role in (("j.okafor", Role.EDITOR), ("lea.petit", Role.EDITOR), ("archives", Role.VIEWER)):
        await person(name, project="Library", role=role)
    meetings = {}
    for language, names in (("fr", ("Claire", "Julien", "Léa")), ("en", ("Claire", "Julian", "Lea"))):
        made = meetings[language] = await held_meeting(administrator, worker, language)
        for number, name in enumerate(names):
            await administrator.patch(f"/api/transcriptions/{made}/speakers/SPEAKER_{number:02}", json={"name": name})
        await administrator.patch(
            f"/api/transcriptions/{made}", json={"labels": ["budget", "2026"]}, headers={"If-Match": "*"}
        )
        await administrator.post(f"/api/transcriptions/{made}/notes", json={"start": 13.0, "text": "4 200 € ?"})
    await shelve(client, "Library", SENT)
    [project] = (await (await administrator.get("/api/projects")).json())["items"]
    await _run(administrator, project["id"])
    busy = await _work(client, administrator, worker)

    def be_heard() -> None:
        """Have the workers' hearts beat: a picture takes longer than they may be silent."""
        redis = client.app[REDIS]
        put_card(redis, "transcription-1", state="busy", current_job=busy)
        put_card(redis, "transcription-2", cpu_percent=3.0)
        models = '["llm/smollm2-135m-instruct"]'
        put_card(redis, "enrichment-1", QueueName.ENRICHMENT, models=models, cpu_percent=2.0)

    be_heard()
    return Place(administrator, project["id"], meetings, be_heard)


async def _run(administrator: Person, project: str) -> None:
    """Make what owners of projects make."""
    for name in ("Archive", "Intranet"):
        await administrator.post(f"/api/projects/{project}/keys", json={"name": name})
    url = "https://intranet.example/vocalyx"
    await administrator.post(
        f"/api/projects/{project}/webhooks", json={"url": url, "events": ["transcription.done", "transcription.failed"]}
    )


async def _work(client: TestClient, administrator: Person, worker: Worker) -> str:
    """Return the id of the job at which a worker is. There is also a failure, something that waits, and some weeks behind."""
    broken = (await _sent(administrator, "Enregistreur 3.wav"))["id"]
    order = await worker.claim()
    fault = {
        "code": "damaged-media",
        "detail": "The recording is damaged or incomplete.",
        "remedy": "Send the file again.",
    }
    await worker.report(order, "failure", **fault, retryable=False)
    assert (await administrator.read(broken))["state"] == "error"
    await _sent(administrator, "Réunion d’équipe.wav", 60.0)
    await worker.plan((0.0, 20.0), (20.0, 40.0), (40.0, 60.0))
    await worker.do_next()
    order = await worker.claim()
    await worker.report(order, "progress", stage="transcribing", percent=60)
    await _sent(administrator, "Phone call, 9 o’clock.wav")

    def behind() -> None:
        shelved = Transcription.select().where(Transcription.state == "done", Transcription.started_at.is_null())
        for number, row in enumerate(shelved):
            begun = now() - dt.timedelta(days=number, hours=2)
            times = {
                "created_at": begun - dt.timedelta(seconds=20 + 15 * number),
                "started_at": begun,
                "finished_at": begun + dt.timedelta(seconds=row.duration_seconds * (0.2 + 0.02 * number)),
            }
            Transcription.update(times).where(Transcription.id == row.id).execute()

    await client.app[DATABASE].run(behind)
    return str(order["job_id"])


async def _sent(administrator: Person, name: str, seconds: float = 1.0) -> dict[str, Any]:
    form = FormData({"reuse": "false"}, quote_fields=False)  # or the name would come percent-encoded
    form.add_field("file", tone(seconds), filename=name)
    made: dict[str, Any] = await (await administrator.post("/api/transcriptions", data=form)).json()
    return made


Take = Callable[[Page, Words, Place], Awaitable[None]]


async def _nothing(page: Page, words: Words, place: Place) -> None:
    pass


def _after(*deeds: tuple[str, str]) -> Take:
    """Press a button, or a tab, by the key of what it says."""

    async def take(page: Page, words: Words, place: Place) -> None:
        for role, key in deeds:
            await page.get_by_role(role, name=words(key), exact=True).first.click()  # type: ignore[arg-type]

    return take


def _states(place: Place, language: str) -> dict[str, tuple[str, Take]]:
    """Return every page and state, by a name: its address, and what is done there first."""
    reader, project = f"/recordings/{place.meetings[language]}", f"/projects/{place.project}"
    states: dict[str, tuple[str, Take]] = {
        "home": ("/", _nothing),
        "home-search": ("/?q=budget", _nothing),
        "home-filters": ("/", _after(("button", "home.filters"))),
        "home-link": ("/", _after(("button", "home.link"))),
        "home-record": ("/", _after(("button", "home.record"))),
        "reader": (reader, _nothing),
        "reader-speakers": (reader, _after(("tab", "reader.tab.speakers"))),
        "reader-export": (reader, _after(("button", "reader.export"), ("radio", "reader.part.some"))),
        "reader-share": (reader, _after(("button", "reader.share"), ("button", "reader.shareMake"))),
        "reader-keys": (reader, _after(("button", "reader.keys"))),
        "reader-find": (reader, _after(("button", "reader.find"))),
        "projects": ("/projects", _nothing),
        "projects-new": ("/projects", _after(("button", "projects.new"))),
        "account": ("/account", _nothing),
    }
    for part in ("general", "members", "keys", "webhooks", "task-sets", "vocabulary", "voices", "keeping", "audit"):
        states[f"project-{part}"] = (f"{project}?part={part}", _nothing)
    for part in ("overview", "workers", "failures", "users", "models", "storage", "audit"):
        states[f"site-{part}"] = ("/site" if part == "overview" else f"/site/{part}", _nothing)
    return states


async def _calm(page: Page) -> None:
    """Wait until the page is drawn, and nothing of it is being loaded."""
    await page.locator("main#content h1").first.wait_for()
    await page.wait_for_load_state("load")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await page.wait_for_timeout(600)


async def test_every_page_is_seen(logged_in: Any, place: Place) -> None:
    if "VOCALYX_PICTURES" not in os.environ:
        return
    folder = Path(os.environ["VOCALYX_PICTURES"])
    for locale, width, scheme in LOOKS:
        viewport = {"width": width, "height": HEIGHTS[width]}
        page = await logged_in(place.administrator, "/", locale=locale, color_scheme=scheme, viewport=viewport)
        for name, (address, take) in _states(place, locale[:2]).items():
            place.be_heard()
            await page.goto(address)
            await _calm(page)
            await take(page, Words(locale), place)
            await page.wait_for_timeout(400)
            await page.screenshot(path=folder / f"{name}-{locale[:2]}-{width}-{scheme}.png")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} in {locale} is {wide} pixels wide, of {width}"


SHOWN = {
    "home-en": ("en-GB", 1366, "light", "home"),
    "reader-en": ("en-GB", 1366, "light", "reader"),
    "reader-fr": ("fr-FR", 1366, "dark", "reader-speakers"),
    "phone-fr": ("fr-FR", 360, "light", "reader"),
}


async def test_pictures_of_the_readme(logged_in: Any, place: Place) -> None:
    for name, (locale, width, scheme, state) in SHOWN.items():
        viewport = {"width": width, "height": HEIGHTS[width]}
        page = await logged_in(place.administrator, "/", locale=locale, color_scheme=scheme, viewport=viewport)
        address, take = _states(place, locale[:2])[state]
        await page.goto(address)
        await _calm(page)
        if state.startswith("reader"):
            # A word in the middle is being said.
            await page.locator('.segment[data-index="2"] .word').nth(3).click()
            await page.keyboard.press("k")
            await page.evaluate("document.activeElement.blur()")
        await take(page, Words(locale), place)
        png = base64.b64encode(await page.screenshot()).decode()
        picture = base64.b64decode(await page.evaluate(TO_WEBP, [png, 0.8]))
        assert len(picture) < MOST_BYTES, f"{name} has {len(picture)} bytes"
        (IMAGES / f"{name}.webp").write_bytes(picture)
