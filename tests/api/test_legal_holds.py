"""What is held stays, whoever wants it gone, and at whatever moment."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from app.api.answers import keeping
from app.api.keys import DATABASE
from app.core.access import Principal, Role
from app.core.identifiers import ProjectId, UserId
from app.db import legal_holds, retention, transcriptions
from app.db.tables import Project, Transcription
from tests.api.conftest import MakePerson, Person
from tests.api.finished import finished, project_id
from tests.api.leftovers import files_of
from tests.api.problems import fields, problem
from tests.api.test_retention import FOREVER, kept_for, sweep_of
from tests.api.worker import Worker

REASON = {"reason": "Case 2026/118."}
Places = dict[str, str]


@pytest.fixture
async def places(client: TestClient, owner: Person) -> Places:
    """Where a hold may be placed that keeps the old recording, by kind; with the recording itself."""
    old = await finished(client, days_ago=30)
    return {
        "old": old,
        "transcription": f"/api/transcriptions/{old}/legal-hold",
        "project": f"/api/projects/{await project_id(client)}/legal-hold",
    }


of_either = pytest.mark.parametrize("kind", ["transcription", "project"])


async def held(answer: ClientResponse) -> dict[str, Any]:
    assert answer.status == 200, await answer.text()
    keeping.LegalHolds.model_validate_json(await answer.text(), strict=True)
    shown: dict[str, Any] = await answer.json()
    return shown


@of_either
async def test_nothing_of_it_goes_or_is_overwritten(
    client: TestClient, owner: Person, administrator: Person, places: Places, kind: str
) -> None:
    old = f"/api/transcriptions/{places['old']}"
    before = await owner.read(places["old"])
    shown = await held(await owner.put(places[kind], json=REASON))
    assert (shown["held"], shown["holds"][0]["reason"], shown["holds"][0]["placed_by"]) == (
        True, REASON["reason"], "owner",
    )  # fmt: skip
    await kept_for(owner, audio_days=1, text_days=2)
    assert await sweep_of(client).sweep() == (0, 0)
    await problem(await administrator.delete(old), 409, "legal-hold")
    speaker = f"{old}/speakers/SPEAKER_00"
    for answer in (
        await owner.patch(speaker, json={"name": "Anna"}),
        await owner.post(f"{speaker}/merge", json={"into": "SPEAKER_01"}),
        await owner.post(f"{speaker}/split", json={"segments": [0]}),
        await owner.patch(f"{old}/segments/speaker", json={"segments": [0], "speaker": "SPEAKER_01"}),
        await owner.delete(f"{old}/speakers/corrections"),
        await owner.post(f"{old}/segments/0/split", json={"word": 1}, headers={"If-Match": "*"}),
        await owner.post(f"{old}/segments/0/merge", headers={"If-Match": "*"}),
    ):
        await problem(answer, 409, "legal-hold")
    await problem(await owner.delete(f"/api/projects/{await project_id(client)}"), 409, "legal-hold")
    assert await owner.read(places["old"]) == before | {"legal_hold": kind == "transcription"}
    assert (await owner.get(f"{old}/audio")).status == 200
    preview = await (await owner.get(f"/api/projects/{await project_id(client)}/retention/preview")).json()
    assert (preview["held"], preview["items"], preview["transcriptions"]["count"]) == (1, [], 0)


@of_either
async def test_what_keeps_its_history_may_be_corrected(owner: Person, places: Places, kind: str) -> None:
    await held(await owner.put(places[kind], json=REASON))
    segment = f"/api/transcriptions/{places['old']}/segments/0"
    answer = await owner.patch(segment, json={"text": "Good evening, all."}, headers={"If-Match": "*"})
    assert (answer.status, (await answer.json())["machine_text"]) == (200, "Good morning, all.")
    [version] = (await (await owner.get(f"{segment}/history")).json())["items"]
    assert version["before"] == "Good morning, all."


@of_either
async def test_once_lifted_all_is_as_before(client: TestClient, owner: Person, places: Places, kind: str) -> None:
    await held(await owner.put(places[kind], json=REASON))
    await kept_for(owner, text_days=2)
    lifted = await held(await owner.delete(places[kind]))
    assert (lifted["held"], lifted["holds"][0]["lifted_by"]) == (False, "owner")
    assert (await held(await owner.get(places[kind])))["holds"] == lifted["holds"]
    # Lifting what is not held is no error.
    assert await held(await owner.delete(places[kind])) == lifted
    assert await sweep_of(client).sweep() == (0, 1)


async def test_a_project_may_be_free_and_a_transcription_in_it_held(
    client: TestClient, owner: Person, places: Places
) -> None:
    other = await finished(client, days_ago=30)
    await held(await owner.put(places["transcription"], json=REASON))
    await kept_for(owner, text_days=2)
    assert await sweep_of(client).sweep() == (0, 1)
    await problem(await owner.get(f"/api/transcriptions/{other}"), 404, "not-found")
    await held(await owner.put(places["project"], json=REASON))
    await held(await owner.delete(places["project"]))
    await problem(await owner.delete(f"/api/transcriptions/{places['old']}"), 409, "legal-hold")


@of_either
async def test_what_an_administrator_holds_an_owner_cannot_free(
    owner: Person, administrator: Person, places: Places, kind: str
) -> None:
    shown = await held(await administrator.put(places[kind], json=REASON))
    assert shown["holds"][0]["by_administrator"] is True
    await problem(await owner.delete(places[kind]), 403, "not-permitted")
    await problem(await owner.put(places[kind], json={"reason": "Mine."}), 403, "not-permitted")
    assert (await held(await owner.get(places[kind]))) == shown
    assert (await held(await administrator.delete(places[kind])))["held"] is False


@of_either
async def test_a_new_reason_takes_the_place_of_the_old_one_which_stays_readable(
    owner: Person, administrator: Person, places: Places, kind: str
) -> None:
    first = await held(await owner.put(places[kind], json=REASON))
    assert await held(await owner.put(places[kind], json=REASON)) == first
    second = await held(await administrator.put(places[kind], json={"reason": "Another case."}))
    assert [(hold["reason"], hold["lifted_by"]) for hold in second["holds"]] == [
        ("Another case.", None), (REASON["reason"], "administrator"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "a\nb"}, {"reason": "a" * 1001}])
async def test_a_hold_has_a_reason(owner: Person, places: Places, body: dict[str, str]) -> None:
    answer = await owner.put(places["transcription"], json=body)
    assert fields(await problem(answer, 422, "invalid-fields")) == ["reason"]


@of_either
async def test_others_neither_place_nor_read_it(editor: Person, stranger: Person, places: Places, kind: str) -> None:
    for person, status, code in ((editor, 403, "not-permitted"), (stranger, 404, "not-found")):
        await problem(await person.put(places[kind], json=REASON), status, code)
        await problem(await person.get(places[kind]), status, code)
        await problem(await person.delete(places[kind]), status, code)


async def test_a_retry_that_would_put_the_text_together_anew_is_refused(
    owner: Person, worker: Worker, client: TestClient
) -> None:
    sent = (await owner.uploaded())["id"]
    await worker.plan((0.0, 1.0))
    await owner.post(f"/api/transcriptions/{sent}/cancel")
    await held(await owner.put(f"/api/transcriptions/{sent}/legal-hold", json=REASON))
    await problem(await owner.post(f"/api/transcriptions/{sent}/retry"), 409, "legal-hold")
    assert (await owner.read(sent))["state"] == "cancelled"


async def test_listeners_are_told(owner: Person, places: Places) -> None:
    async with await owner.listen() as socket:
        await socket.receive_json(timeout=10)
        await owner.put(places["transcription"], json=REASON)
        message = await socket.receive_json(timeout=10)
    assert (message["what"], message["transcription"]["legal_hold"]) == ("legal-hold", True)
    assert REASON["reason"] not in str(message)


async def test_an_empty_project_that_is_held_stays(owner: Person, person: MakePerson) -> None:
    project = await project_id(owner.client)
    await held(await owner.put(f"/api/projects/{project}/legal-hold", json=REASON))
    await problem(await owner.delete(f"/api/projects/{project}"), 409, "legal-hold")
    await held(await owner.delete(f"/api/projects/{project}/legal-hold"))
    assert (await owner.delete(f"/api/projects/{project}")).status == 204


def _owner(project: UUID) -> Principal:
    return Principal(UserId(UUID(int=1)), "the owner", roles={ProjectId(project): Role.OWNER})


@asynccontextmanager
async def open_transaction(client: TestClient, unit: Callable[[], object]) -> AsyncIterator[None]:
    """Have a unit of work done, and its transaction end with this block only."""
    loop, done, ended = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def stay() -> None:
        unit()
        loop.call_soon_threadsafe(done.set)
        asyncio.run_coroutine_threadsafe(ended.wait(), loop).result(30)

    task = asyncio.create_task(client.app[DATABASE].run(stay))
    await asyncio.wait({task, asyncio.ensure_future(done.wait())}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        ended.set()
        await task


@of_either
async def test_a_hold_that_is_about_to_stand_is_waited_for_or_passed_by(
    client: TestClient, owner: Person, places: Places, kind: str
) -> None:
    await kept_for(owner, text_days=2)
    project, old = UUID(await project_id(client)), UUID(places["old"])

    def place() -> object:
        if kind == "project":
            return legal_holds.hold_project(_owner(project), project, "About to stand.")
        return legal_holds.hold_transcription(_owner(project), old, "About to stand.")

    async with open_transaction(client, place):
        sweeping = asyncio.create_task(sweep_of(client).sweep())
        deleting = asyncio.create_task(owner.delete(f"/api/transcriptions/{old}"))
        finished_first, _ = await asyncio.wait({deleting}, timeout=0.5)
        assert not finished_first
    assert await sweeping == (0, 0)
    await problem(await deleting, 409, "legal-hold")
    assert len([path for path in files_of(client) if path.name == "source"]) == 1


@of_either
async def test_a_removal_that_is_about_to_stand_comes_before_the_hold(
    client: TestClient, owner: Person, places: Places, kind: str
) -> None:
    await kept_for(owner, text_days=2)
    project = ProjectId(UUID(await project_id(client)))
    due = await client.app[DATABASE].run(retention.due, project, FOREVER, 10)

    async with open_transaction(client, lambda: retention.remove(project, FOREVER, due)):
        placing = asyncio.create_task(owner.put(places[kind], json=REASON))
        finished_first, _ = await asyncio.wait({placing}, timeout=0.5)
        assert not finished_first
    answer = await placing
    # Either way nothing was said to be kept that is gone.
    assert answer.status == (404 if kind == "transcription" else 200)
    assert await client.app[DATABASE].run(lambda: Transcription.select().count()) == 0


@of_either
@pytest.mark.parametrize("seed", range(3))
async def test_of_what_stood_when_the_hold_was_answered_nothing_goes(
    client: TestClient, owner: Person, kind: str, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [await finished(client, days_ago=30) for _ in range(25)]
    await kept_for(owner, text_days=2)
    project = await project_id(client)

    async def hold(path: str) -> int:
        await asyncio.sleep(chance.random() * 0.3)
        return (await owner.put(f"{path}/legal-hold", json=REASON)).status

    paths = [f"/api/projects/{project}"] if kind == "project" else [f"/api/transcriptions/{one}" for one in ids]

    async def present() -> set[str]:
        return {str(one) for one in await client.app[DATABASE].run(transcriptions.known, [UUID(one) for one in ids])}

    async def hold_and_look() -> set[str]:
        statuses = await asyncio.gather(*(hold(path) for path in paths))
        if kind == "project":
            return await present()
        return {one for one, status in zip(ids, statuses, strict=True) if status == 200}

    kept, *_ = await asyncio.gather(hold_and_look(), sweep_of(client).sweep(), sweep_of(client).sweep())
    await sweep_of(client).sweep()
    assert await present() == kept
    assert len([path for path in files_of(client) if path.name == "source"]) == len(kept)
    assert await client.app[DATABASE].run(lambda: Project.select().where(Project.id == project).count()) == 1
