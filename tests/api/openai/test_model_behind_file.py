"""Forms whose file comes before the model, at a site whose default model knows English only, beside one that knows more."""

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import UPLOADS
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.leftovers import assert_nothing_is_left
from tests.api.openai.playing import SAID, answered, write_down
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.wire import BOUNDARY, END, part
from tests.api.worker import Worker

FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
FILE = part(b"file", tone(), b'; filename="tone.wav"')
OURS, TRANSLATIONS = "/api/transcriptions", "/v1/audio/translations"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"default_model": "tiny.en"})


async def test_a_model_that_comes_behind_the_file_translates(editor: Person, worker: Worker) -> None:
    asking = editor.post(TRANSLATIONS, data=FILE + part(b"model", b"base") + END, headers=FORM)
    answer = await answered(asking, write_down(worker))
    assert (answer.status, (await answer.json())["text"]) == (200, SAID)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ((b"task", b"translate"), (b"model", b"base")),
        ((b"language", b"fr"), (b"model", b"base")),
        ((b"language", b"fr"), (b"whisper_model", b"base")),
    ],
)
async def test_a_model_that_comes_behind_the_file_is_the_one_that_is_judged(
    editor: Person, before: tuple[bytes, bytes], behind: tuple[bytes, bytes]
) -> None:
    answer = await editor.post(OURS, data=part(*before) + FILE + part(*behind) + END, headers=FORM)
    assert answer.status == 201, await answer.text()


async def test_without_one_the_default_is_judged_in_the_end(client: TestClient, editor: Person) -> None:
    answer = await editor.post(TRANSLATIONS, data=FILE + END, headers=FORM)
    assert (answer.status, (await answer.json())["error"]["param"]) == (422, "task")
    answer = await editor.post(OURS, data=part(b"language", b"fr") + FILE + END, headers=FORM)
    assert fields(await problem(answer, 422, "invalid-options")) == ["language"]
    await assert_nothing_is_left(client)


async def test_one_that_came_before_is_judged_before_the_file_is_received(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.app[UPLOADS], "receive", lambda _: 1 / 0)
    form = part(b"language", b"fr") + part(b"model", b"tiny.en") + FILE + END
    answer = await editor.post(OURS, data=form, headers=FORM)
    assert fields(await problem(answer, 422, "invalid-options")) == ["language"]
