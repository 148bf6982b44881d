"""Ranges of bytes, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.ranges import ByteRange, NotSatisfiable, tag_listed, wanted_range

TAG = '"a1"'


@given(st.integers(1, 10**12), st.integers(0, 10**13), st.integers(0, 10**13) | st.none())
def test_a_range_is_what_there_is_of_it(size: int, first: int, last: int | None) -> None:
    header = {"Range": f"bytes={first}-{'' if last is None else last}"}
    if last is not None and last < first:
        assert wanted_range(header, size, TAG) is None
    elif first >= size:
        with pytest.raises(NotSatisfiable):
            wanted_range(header, size, TAG)
    else:
        expected = ByteRange(first, size - 1 if last is None else min(last, size - 1))
        assert wanted_range(header, size, TAG) == expected
        assert 0 < expected.length <= size


@given(st.integers(1, 10**12), st.integers(1, 10**13))
def test_a_suffix_is_the_end_of_the_file(size: int, length: int) -> None:
    found = wanted_range({"Range": f"bytes=-{length}"}, size, TAG)
    assert found == ByteRange(max(0, size - length), size - 1)


def test_nothing_of_the_end_is_no_range() -> None:
    with pytest.raises(NotSatisfiable):
        wanted_range({"Range": "bytes=-0"}, 10, TAG)


@pytest.mark.parametrize(
    "value",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=5-2", "bytes=--5", "bytes=1-2-3",
     "bytes=٣-", f"bytes={'9' * 30}-", "bytes=0x1-"],
)  # fmt: skip
def test_what_is_no_single_range_of_bytes_counts_as_none(value: str) -> None:
    assert wanted_range({"Range": value}, 10, TAG) is None


@given(st.text())
def test_no_header_is_too_odd(value: str) -> None:
    try:
        found = wanted_range({"Range": value, "If-Range": TAG}, 10, TAG)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.first <= found.last < 10


@pytest.mark.parametrize(
    ("condition", "holds"),
    [(TAG, True), (f"W/{TAG}", False), ('"other"', False), ("Wed, 21 Oct 2015 07:28:00 GMT", False), ("", False)],
)
def test_a_range_of_another_state_is_none(condition: str, holds: bool) -> None:
    found = wanted_range({"Range": "bytes=0-1", "If-Range": condition}, 10, TAG)
    assert found == (ByteRange(0, 1) if holds else None)


@pytest.mark.parametrize(
    ("listed", "weakly", "strongly"),
    [
        (TAG, True, True),
        ("*", True, True),
        (f'"b", {TAG}', True, True),
        (f"W/{TAG}", True, False),
        ('"b"', False, False),
        ("a1", False, False),
        ("", False, False),
    ],
)
def test_tags_are_compared_strongly_and_weakly(listed: str, weakly: bool, strongly: bool) -> None:
    assert tag_listed(listed, TAG, weakly=True) is weakly
    assert tag_listed(listed, TAG, weakly=False) is strongly
