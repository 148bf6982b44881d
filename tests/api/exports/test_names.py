"""Names in an archive, whatever recordings are called."""

import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.exports.names import folder_name, recording_name

ID = uuid.UUID("9f3c1a52-6f0e-4c55-8f6b-0b8f0c1b7e11")
DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(10))}


@given(st.text(max_size=300))
def test_a_folder_is_one_safe_name(name: str) -> None:
    folder = folder_name(name, ID)
    assert folder.endswith(f" {ID}")
    assert len(folder) < 120
    assert not set(folder) & set('<>:"/\\|?*')
    assert all(unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in folder)
    assert not folder.startswith((".", " "))
    assert folder.partition(".")[0].partition(" ")[0].lower() not in DEVICES or " " in folder.partition(".")[0]
    # As long as a name on ext4 or XFS may be.
    assert len(folder.encode()) <= 255


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("meeting.wav", "meeting.wav"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Windows\\x", "C__Windows_x"),
        ("CON", "recording CON"),
        ("aux.wav", "recording aux.wav"),
        ("...", "recording"),
        ("re\u0301union", "r\u00e9union"),
        ("a" * 100, "a" * 60),
        pytest.param("\U0001f600" * 60, "\U0001f600" * 50, id="four bytes each"),
    ],
)
def test_some_folders(name: str, folder: str) -> None:
    assert folder_name(name, ID) == f"{folder} {ID}"


def test_no_two_folders_are_one_where_case_counts_not() -> None:
    first, second = folder_name("A", uuid.uuid4()), folder_name("a", uuid.uuid4())
    assert first.casefold() != second.casefold()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("meeting.WAV", "recording.wav"),
        ("meeting", "recording"),
        ("a.b/../../c", "recording"),
        ("a.exe ", "recording"),
        ("a.wav:stream", "recording"),
        ("a." + "x" * 11, "recording"),
        ("a.é", "recording"),
    ],
)
def test_only_a_plain_ending_is_the_clients(name: str, file: str) -> None:
    assert recording_name(name) == file
