"""A file's name in its header: one header, one line, no path, whatever the recording was called."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.api.disposition import content_disposition, document_name

HEADER = re.compile(r"""inline; filename="([ !#$&-~]+)"(?:; filename\*=UTF-8''([A-Za-z0-9._~%-]+))?""")


@given(st.text(max_size=400))
@example("../../etc/passwd")
@example('a"\r\nSet-Cookie: x=1')
@example("\ud800.wav")
@example("....")
@example("x" * 300 + ".wav")
def test_every_name_makes_one_safe_header(name: str) -> None:
    matched = HEADER.fullmatch(content_disposition(name))
    assert matched
    plain, extended = matched.groups()
    saved = unquote(extended) if extended else plain
    assert len(saved) == len(plain) <= 150
    assert not set(saved) & set('/\\:*?"<>|\r\n\0')
    assert saved.strip(" .")
    assert not saved.startswith(".")
    assert "%" not in plain
    assert not set(plain) & set('"\\')


@pytest.mark.parametrize(
    ("recording", "document"),
    [("tone.wav", "tone.srt"), ("no ending", "no ending.srt"), (".wav", ".wav.srt"), ("a.b.c", "a.b.srt")],
)
def test_a_document_has_the_recordings_name_and_its_own_ending(recording: str, document: str) -> None:
    assert document_name(recording, "srt") == document


def test_a_long_name_keeps_its_ending() -> None:
    assert content_disposition("é" * 300 + ".docx").endswith(".docx")
