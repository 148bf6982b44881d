"""Moments as PostgreSQL takes them: it knows no offset of 16 hours or more, and nobody reads back what lies behind the calendar."""

import datetime as dt


def in_utc(moment: dt.datetime) -> dt.datetime:
    """Return the same moment in UTC; `ValueError` where the calendar of UTC, the years 1 to 9999, does not have it."""
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("is beyond the calendar") from error
