"""What will never fit is refused before it is loaded, with the numbers; what fits with less context gets less."""

import json
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.installed import find
from app.workers import memory
from app.workers.enrichment.errors import ModelTooLarge
from app.workers.enrichment.model_file import LEAST_CONTEXT_TOKENS, ModelFile, checked, fitted
from app.workers.memory import PROCESS_BYTES, MemoryLimit
from tests.catalog.test_gguf import STRING, header, number, text

GIGABYTE = 10**9
FOUR_GIGABYTES = MemoryLimit(4 * GIGABYTE, "MemoryMax= of vocalyx-enrichment@01.service")


def install(models_dir: Path, name: str, size_bytes: int, architecture: str, **shape: int) -> Path:
    """Install a file that has the header of a model, and its size: a hole in the file system, no byte of it written."""
    folder = models_dir / "llm" / name
    folder.mkdir(parents=True)
    path = folder / f"{name}.gguf"
    numbers = [number(f"{architecture}.{key.replace('__', '.')}", value) for key, value in shape.items()]
    named = text("general.architecture") + struct.pack("<I", STRING) + text(architecture)
    path.write_bytes(header(named, *numbers))
    os.truncate(path, size_bytes)
    description = {
        "name": name, "kind": "llm", "title": name, "licence": "none", "languages": ["*"], "source": "made",
        "size_bytes": size_bytes, "files": {path.name: "of no file"},
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(description))
    return path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The sizes and shapes of Phi-3-mini-4k-instruct-q4.gguf and mistral-7b-instruct-v0.2.Q4_K_M.gguf."""
    install(
        tmp_path, "phi-3-mini", 2_393_231_072, "phi3",
        block_count=32, context_length=4096, embedding_length=3072, attention__head_count=32,
        attention__head_count_kv=32,
    )  # fmt: skip
    install(
        tmp_path, "mistral-7b", 4_368_439_584, "llama",
        block_count=32, context_length=32768, embedding_length=4096, attention__head_count=32,
        attention__head_count_kv=8,
    )  # fmt: skip
    return tmp_path


def total(file: ModelFile) -> int:
    return file.needed_bytes + PROCESS_BYTES


def test_phi_3_mini_fits_four_gigabytes_with_as_much_context_as_there_is_room_for(models: Path) -> None:
    file = fitted(find(models, "llm", "phi-3-mini"), FOUR_GIGABYTES)

    assert file.header.cache_bytes_per_token == 32 * 32 * (96 + 96) * 2
    assert LEAST_CONTEXT_TOKENS <= file.context_tokens < 4096
    assert total(file) <= 4 * GIGABYTE < total(file) + 256 * file.header.cache_bytes_per_token
    assert fitted(find(models, "llm", "phi-3-mini"), MemoryLimit(5 * GIGABYTE, "")).context_tokens == 4096


def test_mistral_7b_does_not_and_the_refusal_has_the_numbers_and_the_way_out(models: Path) -> None:
    with pytest.raises(memory.ModelTooLarge) as refusal:
        checked(find(models, "llm", "mistral-7b"), limit=FOUR_GIGABYTES, models_dir=models)

    # 4 368 439 584 + 2048 · 131 072 + 256 MiB + 150 MiB
    assert refusal.value.detail == (
        "llm/mistral-7b needs at least 5.06 GB (its file 4.37 GB, 2048 tokens of context 0.27 GB, computing and the"
        " process 0.43 GB); this worker's limit is 4.00 GB (MemoryMax= of vocalyx-enrichment@01.service)."
    )
    assert refusal.value.remedy == (
        "Choose a smaller model (phi-3-mini), or give the enrichment workers more memory: MemoryMax= and MemoryHigh= of"
        " their unit above 5.06 GB, on hosts that have it."
    )
    assert refusal.value.status == 422  # the same request would end the same way
    assert fitted(find(models, "llm", "mistral-7b"), MemoryLimit(6 * GIGABYTE, "")).context_tokens == 4096


def test_what_would_fit_but_for_others_may_be_tried_again(models: Path) -> None:
    with pytest.raises(ModelTooLarge, match=r"needs \d+ MiB .* can use 953 MiB at the moment") as refusal:
        checked(find(models, "llm", "phi-3-mini"), limit=FOUR_GIGABYTES, free_bytes=lambda: GIGABYTE)

    assert refusal.value.status == 500


def test_the_operators_own_figure_counts(models: Path) -> None:
    model = find(models, "llm", "phi-3-mini").model_copy(update={"memory_bytes": 5 * GIGABYTE})

    with pytest.raises(memory.ModelTooLarge, match=r"at least 5.16 GB \(memory_bytes in its model.json\)"):
        fitted(model, FOUR_GIGABYTES)
    assert fitted(model, MemoryLimit(6 * GIGABYTE, "")).context_tokens == 4096


def test_what_the_limit_leaves_is_room_for_answers_written_meanwhile(models: Path) -> None:
    phi = find(models, "llm", "phi-3-mini")

    some = fitted(phi, MemoryLimit(5 * GIGABYTE, "a test"))
    much = fitted(phi, MemoryLimit(8 * GIGABYTE, "a test"))

    assert (some.context_tokens, much.context_tokens, much.beside_tokens) == (4096, 4096, 4096)
    assert 0 < some.beside_tokens < 4096
    assert total(some) <= 5 * GIGABYTE < total(some) + 256 * some.header.cache_bytes_per_token
    assert total(much) == total(some) + (4096 - some.beside_tokens) * some.header.cache_bytes_per_token


def test_where_memory_is_short_at_the_moment_that_room_goes_first(tmp_path: Path) -> None:
    install(
        tmp_path, "small", 10**6, "llama", block_count=32, context_length=4096, embedding_length=3072,
        attention__head_count=32,
    )  # fmt: skip
    model = find(tmp_path, "llm", "small").model_copy(update={"files": {}})
    whole = fitted(model, FOUR_GIGABYTES)
    least = whole.needed_bytes - whole.beside_tokens * whole.header.cache_bytes_per_token
    short = least + 700 * whole.header.cache_bytes_per_token

    assert checked(model, limit=FOUR_GIGABYTES, free_bytes=lambda: short).beside_tokens == 512
    with pytest.raises(ModelTooLarge):
        checked(model, limit=FOUR_GIGABYTES, free_bytes=lambda: least - 1)


@given(limit=st.integers(0, 8 * GIGABYTE))
def test_whatever_the_limit_it_is_kept_or_the_model_refused(
    tmp_path_factory: pytest.TempPathFactory, limit: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-limit"
    if not folder.exists():
        install(
            folder, "some", 2 * GIGABYTE, "llama",
            block_count=32, context_length=4096, embedding_length=3072, attention__head_count=32,
        )  # fmt: skip
    model = find(folder, "llm", "some")
    least = 2 * GIGABYTE + LEAST_CONTEXT_TOKENS * 393_216 + 256 * 1024**2 + PROCESS_BYTES
    if limit < least:
        with pytest.raises(memory.ModelTooLarge, match=rf"limit is {limit / GIGABYTE:.2f} GB \(a test\)"):
            fitted(model, MemoryLimit(limit, "a test"))
        return
    file = fitted(model, MemoryLimit(limit, "a test"))
    assert total(file) <= limit
    assert LEAST_CONTEXT_TOKENS <= file.context_tokens <= 4096
