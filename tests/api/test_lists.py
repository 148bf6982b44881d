"""Lists of transcriptions: narrowed, sorted, and walked page by page."""

import base64
import datetime as dt
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.api.keys import DATABASE
from app.core.access import Principal, Role
from app.core.identifiers import ProjectId
from app.core.states import TranscriptionState
from app.db import listing, projects
from app.db.filters import Filters
from app.db.listing import Order, Sort
from app.db.tables import Project, Speaker, Transcription
from tests.api.conftest import MakePerson, Person
from tests.api.problems import fields, problem

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def stored(project: Any, **values: Any) -> Any:
    """A transcription as it is once it is done, without the way there."""
    made = {
        "project": project,
        "name": "a.wav",
        "audio_path": "x",
        "sha256": "0" * 64,
        "size_bytes": 1,
        "options": {},
        "state": "done",
        "created_at": DAY,
    }
    return Transcription.create(**(made | values))


async def in_database(client: TestClient, unit: Callable[[], Any]) -> Any:
    return await client.app[DATABASE].run(unit)


async def names(person: Person, **query: Any) -> list[str]:
    answer = await person.get("/api/transcriptions", params=query)
    assert answer.status == 200, await answer.text()
    return [item["name"] for item in (await answer.json())["items"]]


@pytest.fixture
async def shelf(client: TestClient, editor: Person) -> None:
    """Recordings that differ in all that they can be found by."""

    def unit() -> None:
        project = Project.get(Project.name == "first")
        call = stored(project, name="Appel n° 1.wav", language="fr", duration_seconds=30.0, labels=["call", "été"])
        stored(project, name="appel 100%.wav", language="fr", state="error", created_at=DAY + dt.timedelta(hours=1))
        stored(
            project, name="Élection_2.wav", language="en", duration_seconds=5.0, created_at=DAY + dt.timedelta(hours=2)
        )
        stored(project, name="zoo.wav", state="cancelled", labels=["call"], created_at=DAY + dt.timedelta(hours=3))
        Speaker.create(transcription=call, label="SPEAKER_00", name="Zoë Müller", merged_into=None)
        Speaker.create(transcription=call, label="SPEAKER_01", name="Ben", merged_into="SPEAKER_00")
        stored(projects.create_project("hidden", None), name="hidden.wav", labels=["call"], language="fr")

    await in_database(client, unit)


async def test_a_list_says_who_speaks_where_they_have_names(shelf: None, client: TestClient, editor: Person) -> None:
    def unit() -> None:
        call = Transcription.get(Transcription.name == A1)
        Speaker.create(transcription=call, label="SPEAKER_02", name=None)
        Speaker.create(transcription=call, label="SPEAKER_03", name="Anna")

    await in_database(client, unit)
    answer = await (await editor.get("/api/transcriptions", params={"sort": "name"})).json()
    told = {item["name"]: item["speaker_names"] for item in answer["items"]}
    assert told == {A1: ["Zoë Müller", "Anna"], A100: [], ELECTION: [], ZOO: []}


A1, A100, ELECTION, ZOO = "Appel n° 1.wav", "appel 100%.wav", "Élection_2.wav", "zoo.wav"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [ZOO, ELECTION, A100, A1]),
        ({"order": "asc"}, [A1, A100, ELECTION, ZOO]),
        ({"sort": "duration"}, [A1, ELECTION, None, None]),
        ({"sort": "name"}, [A100, A1, ELECTION, ZOO]),
        ({"sort": "name", "order": "desc"}, [ZOO, ELECTION, A1, A100]),
        ({"state": "error"}, [A100]),
        ({"state": ["error", "done"]}, [ELECTION, A100, A1]),
        ({"language": "fr"}, [A100, A1]),
        ({"label": "call"}, [ZOO, A1]),
        ({"label": ["call", "été"]}, [A1]),
        ({"label": "ete"}, []),
        ({"name": "APPEL"}, [A100, A1]),
        ({"name": "election"}, [ELECTION]),
        ({"name": "0%"}, [A100]),
        ({"name": "%"}, [A100]),
        ({"name": "_"}, [ELECTION]),
        ({"name": "\\"}, []),
        ({"speaker": "zoe muller"}, [A1]),
        ({"speaker": "Ben"}, []),
        ({"created_after": "2026-03-01T13:00:00Z"}, [ZOO, ELECTION, A100]),
        ({"created_before": "2026-03-01T14:00:00+01:00"}, [A1]),
        ({"created_after": "2026-03-01T13:00:00Z", "language": "fr", "project": "first"}, [A100]),
    ],
)
async def test_a_list_is_narrowed_and_sorted(
    shelf: None, editor: Person, query: dict[str, Any], found: list[str | None]
) -> None:
    shown = await names(editor, **query)
    assert len(shown) == len(found)
    assert [name for name, expected in zip(shown, found, strict=True) if expected] == [name for name in found if name]


async def test_nobody_is_listed_what_is_not_theirs(
    shelf: None, editor: Person, stranger: Person, administrator: Person
) -> None:
    assert await names(stranger) == []
    assert len(await names(administrator)) == 5
    assert await names(administrator, project="hidden") == ["hidden.wav"]
    await problem(await editor.get("/api/transcriptions", params={"project": "hidden"}), 404, "not-found")


@pytest.mark.parametrize(
    "query", [{}, *({"sort": sort, "order": order} for sort in Sort for order in ("asc", "desc"))], ids=str
)
async def test_a_recording_that_is_still_to_come_is_listed_and_found_too(
    shelf: None, client: TestClient, editor: Person, query: dict[str, str]
) -> None:
    def unit() -> str:
        project = Project.get(Project.name == "first")
        return str(stored(project, name="to come", state="pending", audio_path=None, sha256=None, size_bytes=None).id)

    coming = await in_database(client, unit)
    assert "to come" in await names(editor, **query)
    assert await names(editor, **query, state="pending", name="COME", created_after=DAY.isoformat()) == ["to come"]
    found = await editor.get("/api/search", params={"q": "budget", "state": "pending"})
    assert (found.status, (await found.json())["items"]) == (200, [])
    address, any_state = f"/api/transcriptions/{coming}", {"If-Match": "*"}
    assert (await editor.patch(address, json={"labels": ["x"]}, headers=any_state)).status == 200
    assert (await (await editor.get(address)).json())["labels"] == ["x"]


@pytest.mark.parametrize("offset", ["+00:00", "+15:59", "+16:00", "-23:59"])
async def test_a_moment_is_the_same_at_whatever_offset_it_is_told(
    shelf: None, editor: Person, administrator: Person, offset: str
) -> None:
    told = DAY.astimezone(dt.datetime.fromisoformat(f"2026-01-01T00:00:00{offset}").tzinfo).isoformat()
    everything = await names(editor)
    since, before = await names(editor, created_after=told), await names(editor, created_before=told)
    assert sorted(since + before) == sorted(everything)
    assert since == await names(editor, created_after=DAY.isoformat())
    entries = await administrator.get("/api/audit", params={"after": told})
    assert entries.status == 200, await entries.text()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "size"}, "sort"),
        ({"order": "up"}, "order"),
        ({"state": "ready"}, "state"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"created_before": "0.5"}, "created_before"),
        ({"created_after": "2026-03-01T13:00:00"}, "created_after"),
        ({"created_before": "0001-01-01T00:00:00+23:00"}, "created_before"),
        ({"name": ""}, "name"),
        ({"name": ["a", "b"]}, "name"),
        ({"label": "x" * 65}, "label"),
        ({"label": ["x"] * 21}, "label"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "x" * 2001}, "cursor"),
        ({"speaker": "a\x00b"}, ""),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_sense_is_refused(editor: Person, query: dict[str, Any], field: str) -> None:
    refused = await problem(await editor.get("/api/transcriptions", params=query), 422, "invalid-fields")
    assert fields(refused) == [field]


def forged(*content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


ID = str(uuid.UUID(int=0))


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        "AAAA",
        base64.urlsafe_b64encode(b"[" * 1000).decode(),
        forged(),
        forged("created-desc"),
        forged("created-desc", 7, ID),
        forged("created-desc", "2026-03-01T12:00:00", ID),
        forged("created-desc", "2026-03-01T12:00:00Z", "no id"),
        forged("created-desc", "2026-03-01T12:00:00Z", 7),
        forged("created-asc", "2026-03-01T12:00:00Z", ID),
        forged("duration-desc", 1.0, ID),
        "2026-03-01T12:00:00Z~" + ID,
    ],
)
async def test_a_cursor_that_is_none_or_of_another_list_is_refused(editor: Person, cursor: str) -> None:
    refused = await problem(await editor.get("/api/transcriptions", params={"cursor": cursor}), 422, "invalid-fields")
    assert fields(refused) == ["cursor"]


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("name", "a\x00"),
        ("name", "\ud800"),
        ("name", 7),
        ("duration", "x"),
        ("duration", float("nan")),
        ("duration", None),
    ],
)
async def test_keys_that_cannot_be_are_refused(editor: Person, sort: str, key: Any) -> None:
    query = {"sort": sort, "order": "asc", "cursor": forged(f"{sort}-asc", key, ID)}
    await problem(await editor.get("/api/transcriptions", params=query), 422, "invalid-fields")


async def test_pages_of_every_list_hold_each_item_once_and_in_order(client: TestClient, person: MakePerson) -> None:
    await person("owner", project="one", role=Role.OWNER)
    await in_database(client, _walk_every_list)


def _walk_every_list() -> None:
    shelves = [Project.get(Project.name == "one"), *(projects.create_project(f"shelf {n}", None) for n in range(2))]
    choose = random.Random(4)
    everything = [
        stored(
            choose.choice(shelves),
            name=choose.choice(["a", "B", "é", "e", "Z", "œ", "oe", "100%"]),
            duration_seconds=choose.choice([None, 0.0, 1.5, 1e6]),
            created_at=DAY + dt.timedelta(microseconds=choose.choice([0, 1, 1_000_000])),
            state=choose.choice(["done", "error", "queued"]),
            language=choose.choice([None, "fr", "en"]),
            labels=choose.sample(["x", "y"], choose.randint(0, 2)),
        )
        for _ in range(60)
    ]
    members = Principal(None, "member", roles={ProjectId(shelf.id): Role.VIEWER for shelf in shelves[:2]})
    principals = st.sampled_from([members, Principal(None, "root", administrator=True), Principal(None, "nobody")])

    @hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        principal=principals,
        order=st.builds(Order, st.sampled_from(Sort), st.booleans()),
        filters=st.builds(
            Filters,
            project=st.sampled_from([None, None, shelves[0].id, shelves[2].id]),
            states=st.sampled_from(
                [(), (), (TranscriptionState.DONE,), (TranscriptionState.ERROR, TranscriptionState.DONE)]
            ),
            language=st.sampled_from([None, None, "fr"]),
            labels=st.sampled_from([(), (), ("x",)]),
            name=st.sampled_from([None, None, "e"]),
        ),
        limit=st.integers(1, 30),
    )
    def holds(principal: Principal, order: Order, filters: Filters, limit: int) -> None:
        walked: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = listing.list_page(principal, filters, order, limit=limit, cursor=cursor)
            walked += page.items
            cursor = page.next_cursor
            assert len(page.items) == limit or cursor is None
            if cursor is None:
                break
        expected = [row for row in everything if _fits(row, principal, filters)]
        assert len(walked) == len(expected)
        assert {item["id"] for item in walked} == {str(row.id) for row in expected}
        keys = [_key(item, order) for item in walked]
        assert keys == sorted(keys, reverse=order.descending)

    holds()


def _fits(row: Any, principal: Principal, filters: Filters) -> bool:
    return (
        principal.may_see(ProjectId(row.project_id))
        and filters.project in (None, row.project_id)
        and (not filters.states or row.state in filters.states)
        and filters.language in (None, row.language)
        and set(filters.labels) <= set(row.labels)
        and (filters.name is None or row.name in ("é", "e", "œ", "oe"))
    )


def _key(item: dict[str, Any], order: Order) -> tuple[Any, ...]:
    folded = {"é": "e", "œ": "oe"}.get(item["name"], item["name"].lower())
    keys = {Sort.DURATION: item["duration_seconds"] or 0.0, Sort.NAME: folded}
    # Milliseconds are shown, microseconds are sorted by: those are left to the count of items.
    return (item["created_at"],) if order.sort is Sort.CREATED else (keys[order.sort], uuid.UUID(item["id"]))
