"""Models that were carried in as a folder or a file."""

import os
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog import InstalledModel, ModelKind, ct2, find, installed
from app.catalog.carry import bring_in, take_away
from app.catalog.errors import ModelDamaged, ModelRefused
from app.catalog.needs import memory_needed
from tests.catalog.hub import small_gguf
from tests.catalog.test_pull import Told


@pytest.fixture
def carried(models_dir: Path, tmp_path: Path) -> Path:
    """A Whisper model as another site would carry it: its folder, without a description."""
    return Path(
        shutil.copytree(
            models_dir / "whisper/tiny.en", tmp_path / "my tiny", ignore=shutil.ignore_patterns("model.json")
        )
    )


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_a_whisper_folder_is_recognised_copied_and_described(carried: Path, target: Path) -> None:
    model = bring_in(carried, target, Told(), name="my-tiny")
    assert model == find(target, "whisper", "my-tiny")
    assert (model.languages, model.licence) == (("en",), "not stated")
    assert model.damaged_files() == []
    assert model.is_whole()
    assert carried.exists()


def test_a_described_folder_keeps_what_is_known_of_it_and_shows_damage(models_dir: Path, tmp_path: Path) -> None:
    source = tmp_path / "tiny.en"
    shutil.copytree(models_dir / "whisper/tiny.en", source)
    model = bring_in(source, tmp_path / "models", Told())
    known = find(models_dir, "whisper", "tiny.en")
    assert (model.name, model.title, model.licence, model.files) == (
        known.name,
        known.title,
        known.licence,
        known.files,
    )
    with (source / "tokenizer.json").open("r+b") as file:
        file.seek(5000)
        file.write(b"#")
    with pytest.raises(ModelRefused, match=r"tokenizer\.json is missing or changed"):
        bring_in(source, tmp_path / "models", Told(), name="again")
    assert [each.name for each in installed(tmp_path / "models")] == ["tiny.en"]


def test_a_pipeline_and_a_language_model_are_recognised(models_dir: Path, tmp_path: Path, target: Path) -> None:
    pipeline = tmp_path / "pipeline"
    shutil.copytree(
        models_dir / "diarization/community-campplus", pipeline, ignore=shutil.ignore_patterns("model.json")
    )
    assert bring_in(pipeline, target, Told()).kind == "diarization"
    file = tmp_path / "Some-Model.Q4.gguf"
    file.write_bytes(small_gguf())
    model = bring_in(file, target, Told())
    assert (model.kind, model.name, set(model.files)) == ("llm", "Some-Model.Q4", {"Some-Model.Q4.gguf"})


@pytest.mark.parametrize("missing", ["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"])
def test_a_missing_file_is_named(carried: Path, target: Path, missing: str) -> None:
    (carried / missing).unlink()
    with pytest.raises(ModelRefused, match=missing.replace("vocabulary.txt", "vocabulary")):
        bring_in(carried, target, Told(), kind=ModelKind.WHISPER, name="x")
    assert not (target / "whisper").exists()


def test_a_shortened_model_is_refused(carried: Path, target: Path) -> None:
    os.truncate(carried / "model.bin", 70_000_000)
    with pytest.raises(ModelRefused, match="ends early"):
        bring_in(carried, target, Told(), name="x")


def test_a_pipeline_that_names_the_hub_or_lacks_a_part_is_refused(
    models_dir: Path, tmp_path: Path, target: Path
) -> None:
    pipeline = tmp_path / "pipeline"
    shutil.copytree(
        models_dir / "diarization/community-campplus", pipeline, ignore=shutil.ignore_patterns("model.json")
    )
    config = (pipeline / "config.yaml").read_text()
    (pipeline / "config.yaml").write_text(config.replace("$model/embedding", "pyannote/embedding"))
    with pytest.raises(ModelRefused, match="for embedding, but pyannote/embedding, which cannot be fetched here"):
        bring_in(pipeline, target, Told())
    (pipeline / "config.yaml").write_text(config.replace("    plda: $model/plda\n", ""))
    with pytest.raises(ModelRefused, match="for plda, but one of the model hub"):
        bring_in(pipeline, target, Told())
    (pipeline / "config.yaml").write_text(config)
    shutil.rmtree(pipeline / "segmentation")
    with pytest.raises(ModelRefused, match=r"folder segmentation .* is empty or missing"):
        bring_in(pipeline, target, Told())


def test_no_link_leads_out_of_the_folder(carried: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/key").write_text("secret")
    for link in (tmp_path / "private", tmp_path / "private/key", Path("/etc/passwd"), Path("../private/key")):
        (carried / "link").symlink_to(link)
        with pytest.raises(ModelRefused, match="link is a link out of the folder"):
            bring_in(carried, target, Told(), name="x")
        (carried / "link").unlink()
    (carried / "weights").mkdir()
    (carried / "model.bin").rename(carried / "weights/1")
    (carried / "model.bin").symlink_to("weights/1")
    model = bring_in(carried, target, Told(), name="x")
    assert not (model.folder / "model.bin").is_symlink()


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "-x", "a\0b", "x" * 101, "naïve", ""])
def test_no_name_leads_out_of_the_models_directory(carried: Path, target: Path, name: str) -> None:
    if name:
        with pytest.raises(ModelRefused):
            bring_in(carried, target, Told(), name=name)
    with pytest.raises(ModelRefused, match="'my tiny' cannot be the name"):
        bring_in(carried, target, Told())
    assert not target.exists()


def test_what_is_installed_is_only_replaced_where_that_is_said(tmp_path: Path, target: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(small_gguf())
    bring_in(file, target, Told())
    file.write_bytes(small_gguf(9000))
    with pytest.raises(ModelRefused, match="llm/model is installed already"):
        bring_in(file, target, Told())
    assert bring_in(file, target, Told(), replace=True).size_bytes == len(small_gguf(9000))


def test_a_removed_model_is_gone_with_what_a_pull_left(tmp_path: Path, target: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(small_gguf())
    model = bring_in(file, target, Told())
    part = target / ".pulling/llm/model/parts/abc"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"12345")
    description = (model.folder / "model.json").stat().st_size
    assert take_away(target, ModelKind.LLM, "model", Told()) == model.size_bytes + description + 5
    assert installed(target) == []
    assert not part.exists()


def test_the_operators_own_figure_of_memory_counts(tmp_path: Path, target: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(small_gguf())
    model = bring_in(file, target, Told())
    assert memory_needed(model).loaded == model.size_bytes + 2 * 4 * 2 * 8 * 2 * 2048
    described = model.model_copy(update={"memory_bytes": 123})
    (model.folder / "model.json").write_text(described.model_dump_json())
    assert memory_needed(find(target, "llm", "model")).total == 123


def whisper_header(variables: int, rest: bytes) -> bytes:
    return struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, variables) + rest


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200), st.builds(whisper_header, st.integers(0, 2**32 - 1), st.binary(max_size=200))
    )
)
def test_no_content_makes_the_reader_fail_in_another_way(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ModelDamaged):
        ct2.read_header(path)


def test_the_shape_of_whisper_is_read(models_dir: Path) -> None:
    base = ct2.read_header(models_dir / "whisper/base/model.bin")
    assert (base.decoder_layers, base.heads, base.width, base.mel_bands, base.multilingual) == (6, 8, 512, 80, True)
    assert not ct2.read_header(models_dir / "whisper/tiny.en/model.bin").multilingual


def test_the_demo_does_not_replace_what_the_operator_chose(tmp_path: Path, target: Path) -> None:
    from app.catalog.demo import SMOLLM2_135M_INSTRUCT

    file = tmp_path / "model.gguf"
    file.write_bytes(small_gguf())
    chosen: InstalledModel = bring_in(file, target, Told(), name=SMOLLM2_135M_INSTRUCT.name)
    assert SMOLLM2_135M_INSTRUCT.is_current(chosen)
