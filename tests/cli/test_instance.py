"""Credentials go to the server that they are for, and to no other."""

import json
from pathlib import Path

import pytest

from app.cli.instance import DEFAULT_URL, AccessToken, ApiKey, Instance, InstanceNotFound, Login, find_instance

LOCAL = {"url": "http://127.0.0.1:8123", "username": "admin", "password": "secret"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "first-login.json").write_text(json.dumps(LOCAL))
    return tmp_path


def test_a_local_instance_is_found_by_its_first_login(state: Path) -> None:
    found = find_instance(None, {"VOCALYX_STATE": str(state)})
    assert found == Instance("http://127.0.0.1:8123", Login("admin", "secret"))
    assert find_instance("http://127.0.0.1:8123/", {"VOCALYX_STATE": str(state)}) == found
    assert "secret" not in repr(found)


def test_a_local_password_is_not_sent_to_another_server(state: Path) -> None:
    with pytest.raises(InstanceNotFound, match="no credentials for https"):
        find_instance("https://example.org", {"VOCALYX_STATE": str(state)})


def test_a_token_or_a_key_of_the_environment_comes_first(state: Path) -> None:
    environment = {"VOCALYX_STATE": str(state), "VOCALYX_TOKEN": "t"}
    assert find_instance("https://example.org/", environment) == Instance("https://example.org", AccessToken("t"))
    assert find_instance(None, environment) == Instance("http://127.0.0.1:8123", AccessToken("t"))
    assert find_instance(None, {"VOCALYX_STATE": "/nowhere", "VOCALYX_API_KEY": "k"}) == Instance(
        DEFAULT_URL, ApiKey("k")
    )


@pytest.mark.parametrize(
    ("url", "environment", "message"),
    [
        (None, {"VOCALYX_TOKEN": "t", "VOCALYX_API_KEY": "k"}, "Both"),
        (None, {"VOCALYX_STATE": "/nowhere"}, "neither VOCALYX_TOKEN nor VOCALYX_API_KEY"),
        ("example.org", {"VOCALYX_TOKEN": "t"}, "not the address"),
        ("ftp://example.org", {"VOCALYX_TOKEN": "t"}, "not the address"),
        ("http://me:pass@example.org", {"VOCALYX_TOKEN": "t"}, "carries credentials"),
    ],
)
def test_what_is_missing_or_wrong_is_named(url: str | None, environment: dict[str, str], message: str) -> None:
    with pytest.raises(InstanceNotFound, match=message) as raised:
        find_instance(url, environment)
    assert raised.value.remedy
    assert "pass@" not in str(raised.value)


def test_a_damaged_first_login_is_named(state: Path) -> None:
    (state / "first-login.json").write_text('{"url": ')
    with pytest.raises(InstanceNotFound, match="damaged"):
        find_instance(None, {"VOCALYX_STATE": str(state)})
