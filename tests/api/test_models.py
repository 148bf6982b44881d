"""What is installed, as the API tells it."""

from pathlib import Path

from app.settings import Settings
from tests.api.conftest import Person
from tests.api.problems import problem


async def test_installed_models_are_listed_with_what_they_need(editor: Person, models_dir: Path) -> None:
    items = (await (await editor.get("/api/models")).json())["items"]
    base = next(item for item in items if (item["kind"], item["name"]) == ("whisper", "base"))
    size = sum(path.stat().st_size for path in (models_dir / "whisper/base").iterdir() if path.name != "model.json")
    assert base == {
        "kind": "whisper", "name": "base", "title": "Whisper base, multilingual", "licence": "MIT", "languages": ["*"],
        "size_bytes": size, "memory_bytes": base["memory_bytes"], "source": base["source"], "whole": True,
        "is_default": True,
    }  # fmt: skip
    assert base["memory_bytes"] > size


async def test_a_damaged_model_is_listed_as_such(editor: Person, settings: Settings, tmp_path: Path) -> None:
    settings.models_dir = tmp_path
    folder = tmp_path / "whisper/broken"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(
        '{"name": "broken", "kind": "whisper", "title": "Broken", "licence": "MIT", "languages": ["en"],'
        ' "size_bytes": 10, "source": "a test", "files": {"model.bin": "00"}}'
    )
    (broken,) = (await (await editor.get("/api/models")).json())["items"]
    assert (broken["whole"], broken["is_default"], broken["memory_bytes"]) == (False, False, 10)


async def test_a_model_server_is_listed_behind_what_is_installed(editor: Person, settings: Settings) -> None:
    settings.llm_server_url, settings.llm_server_models = "http://gpu1.example.org:8000/v1", "org/large, small"
    settings.default_llm_model = "remote/small"
    items = (await (await editor.get("/api/models")).json())["items"]

    assert [(item["kind"], item["name"], item["is_default"]) for item in items[-2:]] == [
        ("llm", "remote/org/large", False), ("llm", "remote/small", True),
    ]  # fmt: skip
    assert "gpu1" not in str(items)  # where it is, is the operator's business

    assert (await editor.upload(llm_model="remote/small")).status == 201
    refused = await problem(await editor.upload(llm_model="remote/another"), 422, "unknown-model")
    assert "remote/org/large, remote/small" in refused["remedy"]
