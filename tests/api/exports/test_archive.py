"""The archive itself: what other readers make of it, at sizes that do not fit 32 bits, too."""

import datetime as dt
import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.exports import archive as archives
from app.api.exports.archive import Archive

MOMENT = dt.datetime(2026, 11, 26, 18, 30, 22, tzinfo=dt.UTC)


def written(archive: Archive, *pieces: bytes) -> bytes:
    whole = b"".join((*pieces, *archive.directory()))
    archive.close()
    return whole


files = st.dictionaries(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    st.tuples(st.booleans(), st.lists(st.binary(max_size=2000), max_size=5)),
    max_size=8,
)


@given(files=files)
@settings(deadline=None, max_examples=60)
def test_what_went_in_comes_out(files: dict[str, tuple[bool, list[bytes]]]) -> None:
    archive = Archive()
    pieces = []
    for name, (in_blocks, blocks) in files.items():
        if in_blocks:
            pieces += [archive.begin(name, MOMENT), *(archive.add(block) for block in blocks), archive.end()]
        else:
            pieces.append(archive.whole(name, b"".join(blocks), MOMENT))
    with zipfile.ZipFile(io.BytesIO(written(archive, *pieces))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {
            name: b"".join(blocks) for name, (_, blocks) in files.items()
        }
        assert all(info.date_time == (2026, 11, 26, 18, 30, 22) for info in found.infolist())


def test_what_does_not_fit_32_bits_is_written_in_64(monkeypatch: pytest.MonkeyPatch) -> None:
    # A limit that is reached with a few bytes: what is written then is what 4 GiB would be written as.
    monkeypatch.setattr(archives, "_NO_ROOM_32", 1000)
    archive = Archive()
    pieces = [archive.begin("large", MOMENT), archive.add(bytes(5000)), archive.end(), archive.whole("b", b"b", MOMENT)]
    whole = written(archive, *pieces).replace(struct.pack("<L", 1000), struct.pack("<L", 0xFFFFFFFF))
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert [found.getinfo(name).file_size for name in ("large", "b")] == [5000, 1]
        assert found.getinfo("b").header_offset > 5000
        assert (found.read("large"), found.read("b")) == (bytes(5000), b"b")


def test_more_files_than_16_bits_can_count() -> None:
    archive = Archive()
    pieces = [archive.whole(f"{number}", b"", MOMENT) for number in range(70_000)]
    with zipfile.ZipFile(io.BytesIO(written(archive, *pieces))) as found:
        assert len(found.namelist()) == 70_000


def test_a_moment_before_the_format_knew_any() -> None:
    archive = Archive()
    pieces = [archive.whole("a", b"", dt.datetime(1970, 1, 1, tzinfo=dt.UTC))]
    with zipfile.ZipFile(io.BytesIO(written(archive, *pieces))) as found:
        assert found.getinfo("a").date_time == (1980, 1, 1, 0, 0, 0)
