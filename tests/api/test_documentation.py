"""The pages of the documentation, as a browser gets them."""

import html.parser
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from openapi_spec_validator import validate

from app.api.application import create_app
from app.api.contract import promised_routes
from app.api.documentation import access, page, problems
from app.api.documentation.french import FRENCH
from app.api.documentation.language import preferred
from app.api.documentation.openapi import openapi
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.problems import problem

LOADING = {"src", "srcset", "action", "formaction", "background", "poster", "data", "ping"}
APPLICATION = create_app(Settings())


class Page(html.parser.HTMLParser):
    """What a page is made of; complains of elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_document_is_there_for_everybody(client: TestClient) -> None:
    answer = await client.get("/openapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")
    document = await answer.json()
    validate(document)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/docs", "/problems/invalid-fields"])
async def test_a_page_loads_nothing_and_runs_nothing(client: TestClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, answer.content_type, answer.charset) == (200, "text/html", "utf-8")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"unsafe|script-src|https?:|\*", policy)
    shown = Page(await answer.text())
    assert not shown.elements & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not shown.attributes & LOADING
    assert not [name for name in shown.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith(("#", "/")) and not link.startswith("//") for link in shown.links)


async def test_the_page_tells_of_every_route_and_its_links_lead_somewhere(client: TestClient) -> None:
    shown = Page(await (await client.get("/docs")).text())
    assert len(shown.ids) == len(set(shown.ids))
    assert {route.operation_id for route, _ in promised_routes(client.app)} <= set(shown.ids)
    assert {link[1:] for link in shown.links if link.startswith("#")} <= set(shown.ids)
    for link in {link for link in shown.links if not link.startswith("#")}:
        assert (await client.get(link)).status == 200, link


@pytest.mark.parametrize("code", problems.stable_errors())
async def test_every_code_has_a_page(client: TestClient, code: str) -> None:
    text = await (await client.get(f"/problems/{code}")).text()
    error = problems.stable_errors()[code]
    for said in (code, f"HTTP {error.status}"):
        assert said in text
    # No error says of itself what the root says of the unexpected.
    if code != "internal-error":
        assert error.default_detail != problems.stable_errors()["internal-error"].default_detail
        assert error.default_remedy != problems.stable_errors()["internal-error"].default_remedy


async def test_a_problem_points_to_its_page(client: TestClient, editor: Person) -> None:
    body = await problem(await editor.get("/api/transcriptions?limit=0"), 422, "invalid-fields")
    assert (await client.get(body["type"])).status == 200
    await problem(await client.get("/problems/nothing"), 404, "not-found")
    await problem(await client.get("/problems/%3Cscript%3E"), 404, "not-found")


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("fr", "fr"),
        ("fr-CA,en;q=0.8", "fr"),
        ("en-GB,fr;q=0.9", "en"),
        ("en;q=0.3, fr;q=0.7", "fr"),
        ("de, fr;q=0.5", "fr"),
        ("de", "en"),
        ("", "en"),
        ("fr;q=0", "en"),
        ("fr;q=x,,;;q=1", "en"),
    ],
)
async def test_the_reader_chooses_the_language(client: TestClient, accepted: str, spoken: str) -> None:
    assert preferred(accepted) == spoken
    answer = await client.get("/problems/not-found", headers={"Accept-Language": accepted})
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == (spoken, "Accept-Language")
    text = await answer.text()
    assert f'<html lang="{spoken}">' in text
    assert ("Il n’y a rien ici" in text) is (spoken == "fr")


def test_what_the_pages_say_is_said_in_french_too() -> None:
    document = openapi(APPLICATION)
    said = {*page.WORDS, *problems.WORDS}
    for tag in document["tags"]:
        said |= {tag["name"], tag["description"]}
    for item in document["paths"].values():
        for operation in item.values():
            said |= {operation["summary"], *operation["description"].split("\n\n")}
    for error in problems.stable_errors().values():
        said |= {error.title, error.default_detail, error.default_remedy}
    assert sorted(said - FRENCH.keys()) == []


def test_the_table_of_roles_is_the_one_in_the_docs() -> None:
    written = Path(__file__).resolve().parents[2] / "docs/access.md"
    assert written.read_text() == access.table(APPLICATION), "run 'make docs'"
