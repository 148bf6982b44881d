import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.errors import ModelDamaged
from app.catalog.gguf import read_header

STRING, UINT32, ARRAY, INT32 = 8, 4, 9, 5


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def number(key: str, value: int) -> bytes:
    return text(key) + struct.pack("<II", UINT32, value)


def header(*pairs: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)


ARCHITECTURE = text("general.architecture") + struct.pack("<I", STRING) + text("llama")
WHOLE = header(
    ARCHITECTURE,
    number("llama.block_count", 2),
    number("llama.context_length", 2048),
    number("llama.embedding_length", 64),
    number("llama.attention.head_count", 4),
    text("llama.attention.head_count_kv") + struct.pack("<IIQii", ARRAY, INT32, 2, 2, 1),
    text("tokenizer.ggml.tokens") + struct.pack("<IIQ", ARRAY, STRING, 2) + text("a") + text("b"),
    text("tokenizer.chat_template") + struct.pack("<I", STRING) + text("{{ messages }}"),
)


def test_a_header_tells_context_cache_and_template(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(WHOLE)

    read = read_header(tmp_path / "small.gguf")

    assert (read.architecture, read.context_tokens, read.chat_template) == ("llama", 2048, "{{ messages }}")
    # 2 and 1 heads in the two layers, keys and values of 64 / 4 numbers each, two bytes a number.
    assert read.cache_bytes_per_token == (2 + 1) * (16 + 16) * 2


def test_the_demo_models_header_is_read(models_dir: Path) -> None:
    (path,) = (models_dir / "llm" / "smollm2-135m-instruct").glob("*.gguf")

    read = read_header(path)

    assert read.context_tokens == 8192
    assert read.cache_bytes_per_token == 30 * 3 * (64 + 64) * 2
    assert "<|im_start|>" in (read.chat_template or "")


@given(st.integers(min_value=0, max_value=len(WHOLE) - 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_ends_early_is_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(WHOLE[:length])

    with pytest.raises(ModelDamaged):
        read_header(path)


@given(st.integers(min_value=0, max_value=len(WHOLE) - 1), st.integers(min_value=1, max_value=255))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_read_or_named_damage(tmp_path: Path, at: int, flip: int) -> None:
    path = tmp_path / "flipped.gguf"
    path.write_bytes(WHOLE[:at] + bytes([WHOLE[at] ^ flip]) + WHOLE[at + 1 :])

    with suppress(ModelDamaged):
        assert read_header(path).context_tokens > 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"absent\.gguf cannot be read"):
        read_header(tmp_path / "absent.gguf")
