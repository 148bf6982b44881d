"""Full-text search in what was said."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.core import cursors
from app.core.access import Role
from app.db import projects, search, search_windows
from app.db.tables import Project, Segment, Speaker
from tests.api.conftest import MakePerson, Person
from tests.api.problems import fields, problem
from tests.api.test_lists import DAY, stored
from tests.api.test_text_corrections import correct, recorded
from tests.api.worker import Worker

CONFIGURATIONS = {"fr": "french", "en": "english"}

FRENCH = (
    "La réunion a été validée par l’équipe.",
    "Nous avons décidé de l'œuvre à l'ÉCOLE «Voltaire»…",
    "Le budget, le budget\u00a0! <b>Le budget</b> & rien d'autre.",
)
ENGLISH = (
    "The meetings were cancelled.",
    "It's a budget for the school.",
    "Anna's e-mail is anna@example.org, 3.5 pages.",
)
GERMAN = ("Die Sitzung über das Budget.",)

Shelve = Callable[..., Awaitable[str]]


@pytest.fixture
def shelve(client: TestClient) -> Shelve:
    """Store a transcription with these segments, without the way there; returns its id."""

    async def make(*said: str, language: str | None = "fr", project: str = "first", **values: Any) -> str:
        def unit() -> str:
            found = Project.get_or_none(Project.name == project) or projects.create_project(project, None)
            row = stored(found, language=language, **values)
            for position, text in enumerate(said):
                Segment.create(
                    transcription=row,
                    position=position,
                    start_seconds=10.0 * position,
                    end_seconds=10.0 * position + 9,
                    text=text,
                    words=[],
                    search_configuration=CONFIGURATIONS.get(language or "", "simple"),
                )
            return str(row.id)

        return await client.app[DATABASE].run(unit)

    return make


async def search_for(person: Person, q: str, **query: Any) -> dict[str, Any]:
    answer = await person.get("/api/search", params={"q": q, **query})
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def found(person: Person, q: str, **query: Any) -> set[tuple[str, int]]:
    """The segments that are found: the language of their recording, and their position."""
    body = await search_for(person, q, **query)
    return {(item["transcription"]["language"], hit["position"]) for item in body["items"] for hit in item["segments"]}


async def marked(person: Person, q: str, **query: Any) -> list[str]:
    body = await search_for(person, q, **query)
    return [
        "".join(f"[{piece['text']}]" if piece["hit"] else piece["text"] for piece in hit["snippet"])
        for item in body["items"]
        for hit in item["segments"]
    ]


@pytest.fixture
async def shelf(editor: Person, shelve: Shelve) -> None:
    await shelve(*FRENCH, language="fr")
    await shelve(*ENGLISH, language="en")
    await shelve(*GERMAN, language="de")


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("réunion", {("fr", 0)}),
        ("REUNIONS", {("fr", 0)}),
        ("valider", {("fr", 0)}),
        ("validées", {("fr", 0)}),
        ("validee", {("fr", 0)}),
        ("équipe", {("fr", 0)}),
        ("l'equipe", {("fr", 0)}),
        ("décider", {("fr", 1)}),
        ("decisions", set()),
        ("oeuvre", {("fr", 1)}),
        ("œuvres", {("fr", 1)}),
        ("école", {("fr", 1)}),
        ("voltaire", {("fr", 1)}),
        ("meeting", {("en", 0)}),
        ("cancel", {("en", 0)}),
        ("anna@example.org", {("en", 2)}),
        ("e-mail", {("en", 2)}),
        ("3.5", {("en", 2)}),
        ("über", {("de", 0)}),
        ("uber", {("de", 0)}),
        ("budget", {("fr", 2), ("en", 1), ("de", 0)}),
        ("budget -school", {("fr", 2), ("de", 0)}),
        ("réunion or meeting", {("fr", 0), ("en", 0)}),
        ("réunion équipe", {("fr", 0)}),
        ("réunion budget", set()),
        ('"réunion a été validée"', {("fr", 0)}),
        ('"validée réunion"', set()),
        ("“réunion”", {("fr", 0)}),
        ("re\u0301union", {("fr", 0)}),
        ("nothing like it", set()),
        ("le la les", set()),
        ("???", set()),
    ],
)
async def test_words_are_found_in_their_language_whatever_their_accents(
    shelf: None, editor: Person, q: str, expected: set[tuple[str, int]]
) -> None:
    assert await found(editor, q) == expected


async def test_a_word_that_says_nothing_is_found_as_it_is_written(editor: Person, shelve: Shelve) -> None:
    await shelve("Rendez-vous cet été.", "Cet hiver non.")
    assert await found(editor, "été") == {("fr", 0)}


async def test_what_was_found_is_marked_and_nothing_else_is(shelf: None, editor: Person) -> None:
    assert await marked(editor, "budget", language="fr") == [
        "Le [budget], le [budget]\u00a0! <b>Le [budget]</b> & rien d'autre."
    ]
    assert await marked(editor, "valider equipe") == ["La réunion a été [validée] par l’[équipe]."]
    assert await marked(editor, "ecole oeuvre") == ["Nous avons décidé de l'[œuvre] à l'[ÉCOLE] «Voltaire»…"]
    assert await marked(editor, "anna@example.org") == ["Anna's e-mail is [anna@example.org], 3.5 pages."]


async def test_a_hit_says_when_and_by_whom(client: TestClient, editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Zoë"})
    [item] = (await search_for(editor, "friends"))["items"]
    [listed] = (await (await editor.get("/api/transcriptions")).json())["items"]
    assert item["transcription"] | {"speaker_names": ["Zoë"]} == listed
    assert item["hits"] == 1
    assert item["segments"] == [
        {
            "position": 1,
            "start": 4.0,
            "end": 8.0,
            "speaker": "SPEAKER_01",
            "speaker_number": 2,
            "speaker_name": "Zoë",
            "snippet": [
                {"text": "And two you, deer ", "hit": False},
                {"text": "friend", "hit": True},
                {"text": ".", "hit": False},
            ],
        }
    ]
    await editor.post(f"{address}/speakers/SPEAKER_01/merge", json={"into": "SPEAKER_00"})
    [item] = (await search_for(editor, "friends"))["items"]
    assert (item["segments"][0]["speaker"], item["segments"][0]["speaker_name"]) == ("SPEAKER_00", None)


async def test_corrected_text_is_what_is_searched(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker, language="en")
    await correct(editor, address, 1, "And to you, dear colleague.")
    assert await found(editor, "friend") == set()
    assert await found(editor, "colleagues") == {("en", 1)}
    await editor.delete(f"{address}/segments/1/correction", headers={"If-Match": "*"})
    assert await found(editor, "colleagues") == set()
    assert await found(editor, "friend") == {("en", 1)}


async def test_only_what_may_be_seen_is_searched(
    shelf: None, editor: Person, stranger: Person, administrator: Person, shelve: Shelve, person: MakePerson
) -> None:
    await shelve("Un budget caché.", project="second")
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    nobody = await person("nobody")
    for who, count in ((editor, 3), (viewer, 3), (stranger, 1), (administrator, 4), (nobody, 0)):
        assert len((await search_for(who, "budget"))["items"]) == count
    await problem(await editor.get("/api/search", params={"q": "budget", "project": "second"}), 404, "not-found")
    await problem(await editor.client.get("/api/search", params={"q": "budget"}), 401, "not-authenticated")


async def test_a_search_is_narrowed_as_a_list_is(client: TestClient, editor: Person, shelve: Shelve) -> None:
    later = DAY + dt.timedelta(days=1)
    first = await shelve("Un budget.", labels=["board"], name="Comité.wav")
    second = await shelve("A budget.", language="en", state="error", created_at=later)
    await client.app[DATABASE].run(lambda: Speaker.create(transcription=second, label="SPEAKER_00", name="Zoë"))
    for query, expected in (
        ({"project": "first"}, {first, second}),
        ({"label": "board"}, {first}),
        ({"state": "error"}, {second}),
        ({"language": "en"}, {second}),
        ({"language": "de"}, set()),
        ({"speaker": "zoe"}, {second}),
        ({"name": "comite"}, {first}),
        ({"created_after": later.isoformat()}, {second}),
        ({"created_before": later.isoformat()}, {first}),
    ):
        body = await search_for(editor, "budget", **query)
        assert {item["transcription"]["id"] for item in body["items"]} == expected, query


async def test_the_best_come_first_and_each_once_over_the_pages(editor: Person, shelve: Shelve) -> None:
    often = await shelve("Budget, budget, budget.", "Encore le budget.", "Toujours le budget.")
    for _ in range(5):
        await shelve("Une phrase plutôt longue dans laquelle le budget n'est dit que cette fois.")
    ids = []
    cursor: str | None = ""
    while cursor is not None:
        body = await search_for(editor, "budget", limit=2, **({"cursor": cursor} if cursor else {}))
        ids += [item["transcription"]["id"] for item in body["items"]]
        cursor = body["next_cursor"]
    assert ids[0] == often
    assert len(ids) == len(set(ids)) == 6
    body = await search_for(editor, "budget", limit=2)
    assert (body["items"][0]["hits"], body["limited"]) == (3, False)
    scores = [item["score"] for item in (await search_for(editor, "budget"))["items"]]
    assert scores == sorted(scores, reverse=True)
    for query in ({"q": "budgets"}, {"q": "budget", "language": "fr"}):
        refused = await editor.get("/api/search", params=query | {"cursor": body["next_cursor"]})
        assert fields(await problem(refused, 422, "invalid-fields")) == ["cursor"]


async def test_of_a_long_recording_the_best_segments_are_shown_in_order_of_time(editor: Person, shelve: Shelve) -> None:
    await shelve(*["Le budget et bien d'autres choses encore."] * 9, "Budget, budget.")
    [item] = (await search_for(editor, "budget"))["items"]
    positions = [hit["position"] for hit in item["segments"]]
    assert item["hits"] == 10
    assert len(positions) == search.SHOWN_SEGMENTS
    assert positions == sorted(positions)
    assert 9 in positions


async def test_what_stands_everywhere_is_ranked_in_part(
    editor: Person, shelve: Shelve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_windows, "CONSIDERED_SEGMENTS", 3)
    await shelve("Le budget, le budget.", created_at=DAY - dt.timedelta(days=30))
    await shelve(*["Le budget."] * 9)
    body = await search_for(editor, "budget", limit=1)
    assert (body["limited"], body["items"][0]["hits"]) == (True, 9)
    body = await search_for(editor, "budget", cursor=body["next_cursor"])
    assert (body["limited"], body["items"][0]["hits"], body["next_cursor"]) == (True, 1, None)
    assert (await search_for(editor, "rien"))["limited"] is False


async def walked(person: Person, q: str, **query: Any) -> list[str]:
    """The names of what is found, page by page."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = await search_for(person, q, **query, **({"cursor": cursor} if cursor else {}))
        found += [item["transcription"]["name"] for item in body["items"]]
        cursor = body["next_cursor"]
    return found


@pytest.fixture
async def archive(shelve: Shelve) -> list[str]:
    """Recordings of the word budget, the oldest first, minutes to months apart; said once in each but every fifth."""
    moment, names = DAY, []
    for number in range(24):
        moment += dt.timedelta(minutes=(1, 7, 40, 3000, 90_000)[number % 5])
        said = ["Le budget.", "Encore le budget.", "Rien."] if number % 5 == 0 else ["Le budget de la commune."]
        names.append(f"{number}.wav")
        await shelve(*said, name=names[-1], created_at=moment, labels=["even"] if number % 2 == 0 else [])
        await shelve("Un budget caché.", project="second", created_at=moment)
    return names


@pytest.mark.parametrize("considered", [2, 3, 5, 11, 1000])
@pytest.mark.parametrize("limit", [1, 4, 50])
async def test_each_is_found_once_however_few_are_ranked_together(
    editor: Person, archive: list[str], monkeypatch: pytest.MonkeyPatch, considered: int, limit: int
) -> None:
    monkeypatch.setattr(search_windows, "CONSIDERED_SEGMENTS", considered)
    found = await walked(editor, "budget", limit=limit)
    assert sorted(found) == sorted(archive)
    if considered == 1000:
        # All in one window: those in which it is said twice are the best, then the newest are first.
        assert found[:5] == [f"{number}.wav" for number in (20, 15, 10, 5, 0)]
        assert found[5:] == [name for name in reversed(archive) if name not in found[:5]]
    if considered == 2:
        # Months apart, one comes after the other.
        assert [name for name in found if int(name[:-4]) % 5 == 4] == [f"{n}.wav" for n in (19, 14, 9, 4)]


@pytest.mark.parametrize("considered", [3, 1000])
@pytest.mark.parametrize(
    ("q", "narrowed", "numbers"),
    [
        ('"le budget"', {}, range(24)),
        ('"commune budget"', {}, ()),
        ("encore budget", {}, range(0, 24, 5)),
        ("budget -commune", {}, range(0, 24, 5)),
        ("budget", {"label": "even"}, range(0, 24, 2)),
        ("budget", {"name": "1.wav"}, (1, 11, 21)),
        ("budget", {"created_after": (DAY + dt.timedelta(days=100)).isoformat()}, range(9, 24)),
        ("budget", {"created_before": (DAY + dt.timedelta(days=100)).isoformat()}, range(9)),
        ("budget", {"state": "error"}, ()),
        ("budget", {"language": "fr"}, range(24)),
    ],
)
async def test_what_narrows_does_so_in_every_window(
    editor: Person,
    archive: list[str],
    monkeypatch: pytest.MonkeyPatch,
    considered: int,
    q: str,
    narrowed: dict[str, str],
    numbers: Collection[int],
) -> None:
    monkeypatch.setattr(search_windows, "CONSIDERED_SEGMENTS", considered)
    expected = sorted(archive[number] for number in numbers)
    for few in (0, 1000):
        monkeypatch.setattr(search_windows, "_FEW_RECORDINGS", few)
        assert sorted(await walked(editor, q, limit=5, **narrowed)) == expected


async def test_what_comes_meanwhile_disturbs_no_page(
    editor: Person, archive: list[str], shelve: Shelve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_windows, "CONSIDERED_SEGMENTS", 6)
    first = await search_for(editor, "budget", limit=2)
    await shelve("Le budget, le budget, le budget.", created_at=DAY + dt.timedelta(days=5000))
    found = [item["transcription"]["name"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor is not None:
        body = await search_for(editor, "budget", limit=2, cursor=cursor)
        found += [item["transcription"]["name"] for item in body["items"]]
        cursor = body["next_cursor"]
    assert sorted(found) == sorted(archive)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [1],
        [1, None],
        [None, None, True],
        [1.5, None, True],
        [True, None, True],
        [2**31, None, True],
        [1, 2**40, True],
        [1, "0", True],
        [1, None, 1],
        [1, None, True, 1.0],
        [1, None, True, "x", DAY.isoformat(), str(uuid.uuid4())],
        [1, None, True, float("inf"), DAY.isoformat(), str(uuid.uuid4())],
        [1, None, True, 1.0, "yesterday", str(uuid.uuid4())],
        [1, None, True, 1.0, "0001-01-01T00:00:00+23:00", str(uuid.uuid4())],
        [1, None, True, 1.0, DAY.isoformat(), "no id"],
        [1, None, True, 1.0, DAY.isoformat(), str(uuid.uuid4()), 1],
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(editor: Person, archive: list[str], keys: list[Any]) -> None:
    cursor = (await search_for(editor, "budget", limit=1))["next_cursor"]
    listing = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    forged = cursors.encode(listing, keys)
    refused = await editor.get("/api/search", params={"q": "budget", "cursor": forged})
    assert fields(await problem(refused, 422, "invalid-fields")) == ["cursor"]


@pytest.mark.parametrize("keys", [[-(2**31) + 1, 2**31 - 1, False], [2**31 - 1, -(2**31) + 1, True], [0, None, False]])
@pytest.mark.parametrize("place", [[], [1e300, "0001-01-01T00:00:00+00:00", str(uuid.UUID(int=0))]])
async def test_a_cursor_from_nowhere_finds_no_more_than_there_is(
    editor: Person, archive: list[str], keys: list[Any], place: list[Any]
) -> None:
    cursor = (await search_for(editor, "budget", limit=1))["next_cursor"]
    listing = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    body = await search_for(editor, "budget", limit=50, cursor=cursors.encode(listing, [*keys, *place]))
    assert {item["transcription"]["name"] for item in body["items"]} <= set(archive)


@pytest.mark.parametrize(
    "q",
    [
        "'",
        '"',
        '"""',
        "\\",
        "%",
        "%s",
        "a & | ! <-> <5> :* b",
        "budget:*A",
        "((((budget",
        "'; drop table segments; --",
        "- - -",
        "or or or",
        "-",
        "œ’«»",
        "\u202e\u0000".replace("\x00", ""),
        "𝕭𝖚𝖉𝖌𝖊𝖙 😀",
        "budget" * 80,
        "<-> " * 120,
        '"' + "a " * 200 + '"',
        "E'\\x41' $$",
        "{budget}",
        "\t\n budget",
    ],
)
async def test_no_query_breaks_the_search(shelf: None, editor: Person, q: str) -> None:
    for language in ({}, {"language": "fr"}, {"language": "xx"}):
        answer = await editor.get("/api/search", params={"q": q, **language})
        assert answer.status == 200, (q, await answer.text())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"q": "a\x00b"}, ""),
        ({"q": "-budget"}, "q"),
        ({"q": ["a", "b"]}, "q"),
        ({"q": "a", "limit": "51"}, "limit"),
        ({"q": "a", "cursor": "x"}, "cursor"),
        ({"q": "a", "sort": "name"}, "sort"),
    ],
)
async def test_what_makes_no_sense_is_refused(editor: Person, query: dict[str, Any], field: str) -> None:
    refused = await problem(await editor.get("/api/search", params=query), 422, "invalid-fields")
    assert fields(refused) == [field]


async def test_ten_kilobytes_are_refused(editor: Person) -> None:
    answer = await editor.get("/api/search", params={"q": "x" * 10_000})
    assert answer.status in (400, 414, 422)
