"""The Accept header, as RFC 9110 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.negotiation import best

OFFERED = ["application/json", "text/plain", "text/vtt"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/plain"),
        ("text/*, text/plain;q=0.5", "text/vtt"),
        ("text/plain;q=0.5, text/*;q=0.4", "text/plain"),
        ("text/plain;q=0, text/*;q=0.1", "text/vtt"),
        ("*/*;q=0.1, text/vtt;q=0", "application/json"),
        ("TEXT/VTT", "text/vtt"),
        ("text/plain;charset=utf-8", "text/plain"),
        ("text/vtt;level=1;q=0.9, text/plain;q=0.8", "text/vtt"),
        ("text/vtt ; q = 1.000 , text/plain", "text/plain"),
        ("image/png", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("*/plain", None),
        ("text/plain;q=2", "application/json"),
        ("text/plain;q=abc, text/vtt;q=0.1", "text/vtt"),
        (",,;, /,", "application/json"),
    ],
)
def test_the_type_that_is_liked_best_is_chosen(accept: str | None, chosen: str | None) -> None:
    assert best(accept, OFFERED) == chosen


@given(
    st.text() | st.lists(st.sampled_from(["text/plain", "*/*", ";q=0.3", ";q=0", ",", "text/*", ";", "="])).map("".join)
)
def test_no_header_is_too_odd(accept: str) -> None:
    assert best(accept, OFFERED) in [*OFFERED, None]
