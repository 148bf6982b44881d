import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.catalog.served import require_language_model
from app.core.errors import UnknownModel
from app.settings import Settings


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("", ()),
        ("one", ("remote/one",)),
        ("qwen2.5:7b, meta-llama/Llama-3.1-8B ,one,one", ("remote/qwen2.5:7b", "remote/meta-llama/Llama-3.1-8B", "remote/one")),
    ],
)  # fmt: skip
def test_what_the_operator_lists_can_be_asked_for(listed: str, names: tuple[str, ...]) -> None:
    assert Settings(llm_server_url="http://gpu1:8000/v1", llm_server_models=listed).served_models == names
    assert Settings(llm_server_models=listed).served_models == ()  # without a server nothing is served


@pytest.mark.parametrize(
    "url", ["ftp://gpu1/v1", "file:///etc/passwd", "http://key@gpu1/v1", "http://gpu1/v1?key=1", "gpu1"]
)
def test_only_an_address_of_http_without_secrets_is_taken(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(llm_server_url=url)


def test_an_address_that_is_refused_for_its_secret_is_not_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOCALYX_LLM_SERVER_URL", "https://user:s3cret@gpu1/v1")
    with pytest.raises(ValidationError) as refused:
        Settings()
    said = "".join(traceback.format_exception(refused.value))
    assert "llm_server_url" in said
    assert "s3cret" not in said


def test_an_unknown_model_is_told_with_what_there_is(models_dir: Path) -> None:
    served = ("remote/one", "remote/two")
    require_language_model(models_dir, served, "remote/two")
    require_language_model(models_dir, (), "smollm2-135m-instruct")

    with pytest.raises(UnknownModel) as refusal:
        require_language_model(models_dir, served, "remote/three")
    assert "smollm2-135m-instruct" in refusal.value.remedy
    assert "remote/one, remote/two" in refusal.value.remedy
    with pytest.raises(UnknownModel):
        require_language_model(models_dir, (), "remote/one")
