"""What is wrong with a field has a stable code and its bounds, whoever found it: clients word it themselves."""

from typing import Any

import pytest

from tests.api.conftest import Person
from tests.api.problems import problem

USER = {"username": "anna", "password": "a long enough password"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"password": "short"}, ("password", "too-short", {"least": 12})),
        ({"username": "x" * 201}, ("username", "too-long", {"most": 200})),
        ({"username": "two words"}, ("username", "wrong-form", {})),
        ({"username": 7}, ("username", "wrong-type", {})),
        ({"administrator": "yes"}, ("administrator", "wrong-type", {})),
        # Found by the database, and told like the others.
        ({"username": "administrator"}, ("username", "taken", {})),
    ],
)
async def test_a_fault_has_a_code_and_its_bounds(
    administrator: Person, change: dict[str, Any], fault: tuple[str, str, dict[str, int]]
) -> None:
    answer = await administrator.post("/api/users", json=USER | change)
    body = await problem(
        answer, 409 if fault[1] == "taken" else 422, "conflict" if fault[1] == "taken" else "invalid-fields"
    )
    assert [(found["field"], found["code"], found["bounds"]) for found in body["errors"]] == [fault]


async def test_what_is_missing_and_what_our_own_checks_find(administrator: Person) -> None:
    body = await problem(await administrator.post("/api/users", json={"username": "anna"}), 422, "invalid-fields")
    assert [(found["field"], found["code"]) for found in body["errors"]] == [("password", "missing")]
    body = await problem(await administrator.get("/api/users", params={"limit": "0"}), 422, "invalid-fields")
    assert [(found["code"], found["bounds"]) for found in body["errors"]] == [("too-small", {"least": 1})]
    body = await problem(await administrator.get("/api/users", params={"cursor": "nonsense"}), 422, "invalid-fields")
    assert [(found["field"], found["code"]) for found in body["errors"]] == [("cursor", "invalid")]
