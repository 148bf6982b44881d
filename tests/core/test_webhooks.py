"""How messages of webhooks are signed, and when they are tried again."""

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import webhooks
from app.core.webhooks import (
    JITTER,
    LONGEST_PAUSE_SECONDS,
    MAX_ATTEMPTS,
    new_secret,
    pause_seconds,
    read_retry_after,
    signatures,
)

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
HOUR = 3600

chances = st.floats(0, 1)
attempts = st.integers(1, MAX_ATTEMPTS - 1)


def test_a_signature_is_that_of_standard_webhooks() -> None:
    # The vector of the scheme's own libraries.
    signed = signatures(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_valid_secret_signs_in_its_order() -> None:
    new, old = new_secret(), new_secret()
    both = signatures("id", 1, b"{}", [new, old])
    assert both == f"{signatures('id', 1, b'{}', [new])} {signatures('id', 1, b'{}', [old])}"


def test_a_broken_secret_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="no base64") as refused:
        signatures("id", 1, b"{}", ["whsec_no%base64"])
    assert "no%base64" not in str(refused.value)


@given(attempts, chances)
def test_a_pause_is_bounded(attempt: int, chance: float) -> None:
    assert 0 < pause_seconds(attempt, chance) <= LONGEST_PAUSE_SECONDS * (1 + JITTER)


@given(st.integers(1, MAX_ATTEMPTS - 2), chances, chances)
def test_pauses_grow_until_they_are_as_long_as_they_get(attempt: int, earlier: float, later: float) -> None:
    first, second = pause_seconds(attempt, earlier), pause_seconds(attempt + 1, later)
    assert second > first or first >= LONGEST_PAUSE_SECONDS * (1 - JITTER)


@given(st.lists(chances, min_size=MAX_ATTEMPTS - 1, max_size=MAX_ATTEMPTS - 1))
def test_all_tries_together_take_about_a_day(found: list[float]) -> None:
    together = sum(pause_seconds(attempt, chance) for attempt, chance in enumerate(found, start=1))
    assert 23 * HOUR < together < 29 * HOUR


@given(attempts, chances, st.floats(0, allow_nan=False))
def test_what_a_receiver_asks_for_is_waited_for_within_limits(attempt: int, chance: float, asked: float) -> None:
    pause = pause_seconds(attempt, chance, asked)
    assert pause >= pause_seconds(attempt, chance)
    assert pause >= min(asked, LONGEST_PAUSE_SECONDS)
    assert pause <= LONGEST_PAUSE_SECONDS * (1 + JITTER)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 7 ", 7),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("9" * 5000, float("9" * 12)),
        (format_datetime(NOW + dt.timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - dt.timedelta(minutes=5), usegmt=True), 0),
        ("Sun, 01 Mar 2026 12:05:00", 300),
        ("Sun, 99 Mar 2026 12:05:00 GMT", None),
        ("Sun, 01 Mar 99999999999999 12:05:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(st.text())
def test_whatever_stands_in_retry_after_is_read_or_passed_over(value: str) -> None:
    found = read_retry_after(value, NOW)
    assert found is None or found >= 0


def test_only_2xx_has_arrived() -> None:
    assert [status for status in range(100, 600) if webhooks.arrived(status)] == list(range(200, 300))
    assert not webhooks.arrived(None)
