"""What was asked of recordings is kept, held and taken along as their text is."""

import datetime as dt
import json
from typing import Any

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import Question as QuestionRow
from tests.api.conftest import Person
from tests.api.exports.test_exports import exported, folder_of
from tests.api.finished import finished, project_id
from tests.api.problems import problem
from tests.api.test_questions import asked, claimed
from tests.api.test_retention import kept_for, sweep_of
from tests.api.worker import Worker, answer_to


async def answered(person: Person, worker: Worker, about: str, **instead: Any) -> str:
    question = await asked(person, about)
    order = await claimed(worker)
    assert await worker.report(order, "result", answer=answer_to(order, **instead)) == (200, {"accepted": True})
    return str(question["id"])


async def made_older(client: TestClient, question: str, days: int) -> None:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    await client.app[DATABASE].run(QuestionRow.update(finished_at=moment).where(QuestionRow.id == question).execute)


async def left(client: TestClient) -> set[str]:
    return await client.app[DATABASE].run(lambda: {str(row.id) for row in QuestionRow.select()})


async def test_an_export_has_what_was_asked(client: TestClient, owner: Person, worker: Worker) -> None:
    about, project = await finished(client), await project_id(client)
    to_one = await answered(owner, worker, f"transcriptions/{about}")
    over_all = await answered(owner, worker, f"projects/{project}")

    files, _ = await exported(owner)

    [one] = json.loads(folder_of(files, about)["questions.json"])
    [all_of_it] = json.loads(files["questions.json"])
    assert (one["id"], one["answer"]["text"]) == (to_one, "An answer.")
    assert (all_of_it["id"], all_of_it["transcription_id"]) == (over_all, None)


async def test_what_rests_on_something_held_is_not_deleted(client: TestClient, owner: Person, worker: Worker) -> None:
    about, project = await finished(client), await project_id(client)
    to_one = await answered(owner, worker, f"transcriptions/{about}")
    over_all = await answered(owner, worker, f"projects/{project}")
    for held in (f"transcriptions/{about}", f"projects/{project}"):
        path = f"/api/{held}/legal-hold"
        assert (await owner.put(path, json={"reason": "A case."})).status == 200
        for question in (to_one, over_all):
            await problem(await owner.delete(f"/api/questions/{question}"), 409, "legal-hold")
        assert (await owner.delete(path)).status == 200
    for question in (to_one, over_all):
        assert (await owner.delete(f"/api/questions/{question}")).status == 204


async def test_what_no_recording_takes_along_goes_when_the_texts_go(
    client: TestClient, owner: Person, worker: Worker
) -> None:
    about, project = await finished(client), await project_id(client)
    to_one = await answered(owner, worker, f"transcriptions/{about}")
    old = await answered(owner, worker, f"projects/{project}")
    young = await answered(owner, worker, f"projects/{project}")
    for question, days in ((to_one, 31), (old, 31), (young, 29)):
        await made_older(client, question, days)
    await kept_for(owner, text_days=30)

    async def would_go() -> int:
        answer = await owner.get(f"/api/projects/{project}/retention/preview")
        return int((await answer.json())["questions"])

    hold = f"/api/transcriptions/{about}/legal-hold"
    assert (await owner.put(hold, json={"reason": "A case."})).status == 200
    assert await would_go() == 0
    await sweep_of(client).sweep()
    assert await left(client) == {to_one, old, young}

    assert (await owner.delete(hold)).status == 200
    assert await would_go() == 1
    await sweep_of(client).sweep()
    assert await left(client) == {to_one, young}


async def test_an_answer_made_of_a_held_recording_too_stays_until_the_hold_is_lifted(
    client: TestClient, owner: Person, worker: Worker
) -> None:
    one, held, other = [await finished(client) for _ in range(3)]
    project = await project_id(client)
    question = await answered(owner, worker, f"projects/{project}")
    hold = f"/api/transcriptions/{held}/legal-hold"
    assert (await owner.put(hold, json={"reason": "A case."})).status == 200

    assert (await owner.delete(f"/api/transcriptions/{one}")).status == 204
    assert await left(client) == {question}
    assert (await (await owner.get(f"/api/questions/{question}")).json())["answer"]["text"] == "An answer."

    # The words of what was deleted are in it: nothing but the hold keeps it.
    assert (await owner.delete(hold)).status == 200
    assert await left(client) == set()

    whole = await answered(owner, worker, f"projects/{project}")
    assert (await owner.put(hold, json={"reason": "A case."})).status == 200
    assert (await owner.delete(hold)).status == 200
    assert await left(client) == {whole}
    assert (await owner.delete(f"/api/transcriptions/{other}")).status == 204
    assert await left(client) == set()
