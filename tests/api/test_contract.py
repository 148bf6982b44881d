"""What every route promises, and that the document says so."""

import re
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter

from app.api.answers import Problem
from app.api.application import create_app
from app.api.contract import Access, Contract, Reply, Route, Tag, contract, contract_of, promised_routes, routes_of
from app.api.documentation.openapi import openapi
from app.api.downloads.ordering import Order
from app.api.parameters import ORIGINAL_FIELDS
from app.settings import Settings

APPLICATION = create_app(Settings())
PROMISED = promised_routes(APPLICATION)
DOCUMENT = openapi(APPLICATION)

every_promised_route = pytest.mark.parametrize(
    ("route", "promised"), PROMISED, ids=[f"{route.method} {route.path}" for route, _ in PROMISED]
)


def test_every_route_has_a_contract() -> None:
    assert [route for route in routes_of(APPLICATION) if route.contract is None] == []


def test_worker_routes_are_those_under_internal() -> None:
    workers = {route.path for route in routes_of(APPLICATION) if route.contract.access is Access.WORKER}
    assert workers == {route.path for route in routes_of(APPLICATION) if route.path.startswith("/internal/")}
    assert not any(path.startswith("/internal") for path in DOCUMENT["paths"])


@every_promised_route
def test_a_contract_says_what_its_address_holds(route: Route, promised: Contract) -> None:
    assert list(promised.path) == re.findall(r"\{(\w+)\}", route.path)
    assert all(parameter.names for parameter in promised.path.values())
    assert promised.answers


@every_promised_route
def test_an_example_is_valid(route: Route, promised: Contract) -> None:
    models = [body for body in promised.bodies if isinstance(body, type) and issubclass(body, BaseModel)]
    if models:
        assert promised.example is not None
        TypeAdapter(models[0]).validate_python(promised.example)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_the_document_holds_every_promised_route() -> None:
    described = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert described == {(route.method, route.path) for route, _ in PROMISED}
    operations = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(operations) == len(set(operations))


def test_no_two_models_have_one_name() -> None:
    # Where two do, pydantic tells them apart by their modules' names, which are no business of readers.
    assert not [name for name in DOCUMENT["components"]["schemas"] if "__" in name]


@every_promised_route
def test_every_refusal_is_a_problem_with_its_codes(route: Route, promised: Contract) -> None:
    responses = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
    for error in promised.refusals if promised.refused_as is None else ():
        schema = _resolved(responses[str(error.status)])["content"]["application/problem+json"]["schema"]
        assert schema["allOf"][0] == {"$ref": f"#/components/schemas/{Problem.__name__}"}
        assert error.code in schema["allOf"][1]["properties"]["code"]["enum"]


def test_what_a_client_may_send_is_in_the_document_as_it_is_validated() -> None:
    create = DOCUMENT["paths"]["/api/transcriptions"]["post"]
    form = create["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["required"] == ["file"]
    assert form["schema"]["properties"]["num_speakers"]["maximum"] == 32
    assert form["encoding"] == {"prompts": {"contentType": "application/json"}}
    query = {one["name"]: one for one in DOCUMENT["paths"]["/api/transcriptions"]["get"]["parameters"]}
    assert query["limit"]["schema"] == {"type": "integer", "default": 50, "minimum": 1, "maximum": 200}
    assert query["cursor"]["schema"] == {"type": "string", "maxLength": 2000, "pattern": "^[A-Za-z0-9_-]*$"}
    assert query["state"]["schema"]["items"] == {"$ref": "#/components/schemas/TranscriptionState"}
    assert query["order"]["schema"] == {"$ref": "#/components/schemas/Direction"}
    change = DOCUMENT["paths"]["/api/transcriptions/{id}"]["patch"]
    assert {one["name"] for one in change["parameters"] if one["required"]} == {"id", "If-Match"}


def test_a_recording_is_sent_as_a_form_or_by_its_address() -> None:
    body = DOCUMENT["paths"]["/api/transcriptions"]["post"]["requestBody"]
    form, by_address = (body["content"][kind] for kind in ("multipart/form-data", "application/json"))
    assert "example" not in form
    assert by_address["schema"]["required"] == ["url"]
    assert set(form["schema"]["properties"]) - set(by_address["schema"]["properties"]) == {
        "file",
        *ORIGINAL_FIELDS,
    }
    assert set(by_address["schema"]["properties"]) - set(form["schema"]["properties"]) == {"url", "name"}
    assert by_address["schema"]["properties"].keys() >= by_address["example"].keys()
    Order.model_validate(by_address["example"])


def test_the_headers_and_bodies_of_an_upload_are_needed_or_not() -> None:
    begin, add = DOCUMENT["paths"]["/api/uploads"]["post"], DOCUMENT["paths"]["/api/uploads/{id}"]["patch"]
    assert (begin["requestBody"]["required"], add["requestBody"]["required"]) == (False, True)
    headers = {one["name"]: one["required"] for one in add["parameters"] if one["in"] == "header"}
    assert headers == {"Tus-Resumable": True, "Upload-Offset": True, "Upload-Checksum": False}


def test_security_follows_from_who_may_call() -> None:
    def security(method: str, path: str) -> Any:
        return DOCUMENT["paths"][path][method]["security"]

    assert security("get", "/health/live") == []
    assert security("get", "/api/users") == [{"bearer": []}]
    assert security("get", "/api/transcriptions") == [{"bearer": []}, {"apiKey": []}]
    assert security("get", "/api/ws/updates") == [{"bearer": []}, {"apiKey": []}, {}]


def test_a_contract_wants_a_docstring() -> None:
    async def silent(_request: web.Request) -> web.Response:
        return web.Response()

    with pytest.raises(TypeError, match="docstring"):
        contract(tag=Tag.HEALTH, access=Access.PUBLIC, answers={200: None})(silent)


def test_a_docstring_is_summary_and_description() -> None:
    @contract(tag=Tag.HEALTH, access=Access.PUBLIC, answers={200: None})
    async def told(_request: web.Request) -> web.Response:
        """Say it.

        At more
        length.

        And more.
        """
        return web.Response()

    promised = contract_of(told)
    assert promised is not None
    assert (promised.summary, promised.description) == ("Say it", "At more length.\n\nAnd more.")


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").removeprefix("#/components/responses/")
    return DOCUMENT["components"]["responses"][name] if name else response


def test_a_route_may_refuse_in_the_words_of_another_api_and_answer_to_head_alone() -> None:
    class Refusal(BaseModel):
        error: str

    @contract(
        tag=Tag.HEALTH, access=Access.SIGNED_IN, answers={200: None}, refused_as=Reply(Refusal, description="No.")
    )
    async def compatible(_request: web.Request) -> web.Response:
        """Answer as others do."""
        return web.Response()

    application = web.Application()
    application.router.add_head("/v1", compatible)
    document = openapi(application)
    validate(document)
    assert list(document["paths"]["/v1"]) == ["head"]
    refused = document["paths"]["/v1"]["head"]["responses"]["401"]
    assert list(refused["content"]) == ["application/json"]
