import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import InstalledModel, find, installed
from app.core.errors import UnknownModel


def put(models_dir: Path, kind: str, name: str, content: bytes = b"weights") -> Path:
    folder = models_dir / kind / name
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    description = InstalledModel(
        name=name, kind=kind, title=name.title(), licence="MIT", languages=("*",), size_bytes=len(content),
        source="a test", files={"model.bin": "3aa2beca9cfc9cc5ad52e0a0c7d9e2a8"},
    )  # fmt: skip
    (folder / "model.json").write_text(description.model_dump_json())
    return folder


def test_models_are_listed_by_kind_and_name(tmp_path: Path) -> None:
    put(tmp_path, "whisper", "small")
    put(tmp_path, "whisper", "base")
    put(tmp_path, "llm", "tiny")
    assert [model.name for model in installed(tmp_path, "whisper")] == ["base", "small"]
    assert [(model.kind, model.name) for model in installed(tmp_path)] == [
        ("llm", "tiny"), ("whisper", "base"), ("whisper", "small"),
    ]  # fmt: skip


def test_a_found_model_knows_its_folder_and_keeps_it_out_of_its_description(tmp_path: Path) -> None:
    folder = put(tmp_path, "whisper", "base")
    model = find(tmp_path, "whisper", "base")
    assert model.folder == folder
    assert "folder" not in json.loads(model.model_dump_json())


def test_an_unknown_name_is_told_what_is_installed(tmp_path: Path) -> None:
    put(tmp_path, "whisper", "base")
    put(tmp_path, "whisper", "small")
    with pytest.raises(UnknownModel) as refusal:
        find(tmp_path, "whisper", "large")
    assert "'large'" in refusal.value.detail
    assert "base, small" in refusal.value.remedy


def test_where_nothing_is_installed_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel) as refusal:
        find(tmp_path / "absent", "llm", "any")
    assert "vocalyx models fetch" in refusal.value.remedy
    assert refusal.value.field == "llm_model"


@given(name=st.one_of(st.text(), st.sampled_from(["..", "../whisper/base", "/etc", "base/", "base\0", "./base"])))
def test_no_name_leads_out_of_the_models_directory(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    models_dir = tmp_path_factory.mktemp("models")
    put(models_dir, "whisper", "base")
    if name != "base":
        with pytest.raises(UnknownModel):
            find(models_dir, "whisper", name)


@pytest.mark.parametrize("description", [b"", b"{", b"[]", b'{"name": "base"}', b"\xff\xfe"])
def test_a_broken_description_hides_only_its_own_model(tmp_path: Path, description: bytes) -> None:
    put(tmp_path, "whisper", "base")
    (put(tmp_path, "whisper", "broken") / "model.json").write_bytes(description)
    (tmp_path / "whisper" / "no-description").mkdir()
    assert [model.name for model in installed(tmp_path)] == ["base"]


def test_a_folder_under_another_name_is_not_that_model(tmp_path: Path) -> None:
    put(tmp_path, "whisper", "base").rename(tmp_path / "whisper" / "renamed")
    assert installed(tmp_path) == []


def test_a_shortened_or_missing_file_is_noticed_by_size_and_by_content(tmp_path: Path) -> None:
    folder = put(tmp_path, "whisper", "base")
    model = find(tmp_path, "whisper", "base")
    assert model.is_whole()
    assert model.damaged_files() == ["model.bin"]  # the recorded checksum is not this content's
    (folder / "model.bin").write_bytes(b"w")
    assert not model.is_whole()
    (folder / "model.bin").unlink()
    assert not model.is_whole()
    assert model.damaged_files() == ["model.bin"]


def test_the_demo_models_are_as_they_were_described(models_dir: Path) -> None:
    for kind, name in (("whisper", "base"), ("diarization", "community-campplus")):
        model = find(models_dir, kind, name)
        assert model.is_whole()
        assert model.damaged_files() == []
