"""Times as words of an index: each range is told by a few, and by no word that says more."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from app.db import places

PERIODS = st.integers(-100_000, 3_000_000)


def places_of(period: int) -> set[str]:
    """As the function `vocalyx_places` of the migration has it."""
    return {f"{size}:{period >> (4 * size)}" for size in range(4)}


@given(PERIODS, st.integers(0, 40_000), PERIODS)
def test_a_period_has_a_word_of_a_range_if_it_is_in_it(first: int, length: int, elsewhere: int) -> None:
    words = set(places.of_time(first, first + length))
    for period in {first - 1, first, first + length // 2, first + length - 1, first + length, elsewhere}:
        assert bool(words & places_of(period)) == (first <= period < first + length)


@given(PERIODS, st.integers(1, 40_000))
def test_a_year_takes_a_few_dozen_words_and_none_twice(first: int, length: int) -> None:
    words = places.of_time(first, first + length)
    assert len(words) == len(set(words)) <= 2 * 15 * 3 + length // 4096 + 1


def test_there_is_nothing_to_say_of_no_time() -> None:
    assert places.of_time(7, 7) == places.of_time(7, 3) == []


def test_a_period_is_a_quarter_of_an_hour_in_any_zone() -> None:
    moment = dt.datetime(2026, 3, 1, 12, 14, 59, tzinfo=dt.UTC)
    there = moment.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=45)))
    assert places.period(moment) == places.period(there) == places.period(moment + dt.timedelta(seconds=1)) - 1
    assert places.period(dt.datetime(1969, 12, 31, 23, 59, tzinfo=dt.UTC)) == -1
