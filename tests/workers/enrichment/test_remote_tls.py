"""A model server behind TLS: the site's own authority is believed where the operator says so, and nobody else is."""

from pathlib import Path

import pytest

from app.workers.enrichment.errors import ModelServerRefused
from app.workers.enrichment.llama import LlamaModel
from app.workers.enrichment.remote import RemoteModel
from tests.workers.enrichment.certificates import Authority
from tests.workers.enrichment.model_server import KEY, NAME, running_model_server
from tests.workers.enrichment.test_remote import ask, served

pytestmark = pytest.mark.engine


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "site")


def test_an_authority_of_the_site_is_believed_where_it_is_named(
    model: LlamaModel, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))

    with running_model_server(model, tls=authority.server("localhost")) as server:
        assert ask(RemoteModel(served(server.url), f"remote/{NAME}")).complete

    assert server.url.startswith("https://")
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("trusted", "name", "days", "reason"),
    [
        (None, "localhost", 1, "unable to get local issuer certificate"),
        ("another", "localhost", 1, "unable to get local issuer certificate"),
        ("site", "elsewhere.example", 1, "Hostname mismatch"),
        ("site", "localhost", -1, "certificate has expired"),
    ],
)
def test_a_certificate_that_does_not_hold_is_told_and_nothing_is_sent(
    model: LlamaModel,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    trusted: str | None,
    name: str,
    days: int,
    reason: str,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted is not None:
        named = authority if trusted == "site" else Authority(authority.folder.with_name(trusted))
        monkeypatch.setenv("SSL_CERT_FILE", str(named.file))

    with (
        running_model_server(model, tls=authority.server(name, days=days)) as server,
        pytest.raises(ModelServerRefused, match=f"not valid here: {reason}") as told,
    ):
        ask(RemoteModel(served(server.url), f"remote/{NAME}"))

    assert "SSL_CERT_FILE" in told.value.remedy
    assert not server.asked
