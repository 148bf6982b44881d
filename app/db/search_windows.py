"""Which segments a search looks at together: from the newest recordings back, a bounded number at a time.

The index finds what has the words, but in no order, and every segment that it finds lies on a page of its own: to read
all that have a common word takes seconds. So a search reads windows: the newest recordings in which about as many
segments are found as can be ranked in time, then the ones before them. How far back that is, is felt for: a few
periods, then as many more as the words found so far promise. What is rare is found in one window, which is everything.
"""

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db import places
from app.db.filters import Filters
from app.db.search_queries import Queries, ask

CONSIDERED_SEGMENTS = 800
"""So many segments that have the words are looked at for a window."""

# A bound for imports: so many sentences with one word are not said in a quarter of an hour.
_MOST_OF_A_PERIOD = 20_000
_FIRST_PERIODS = 8
_WIDENING = 8
# What is read of the whole time before it is taken for granted that the rest is no different.
_SAMPLE = 1 / 64
CLOSE_TO_FULL = 0.5
_AIM = 0.7
_PART = 1 / 4
_FEW_RECORDINGS = 2_000
# Of more projects, each is not looked up in the index by itself.
_PROJECTS_LOOKED_UP = 50


@dataclass(slots=True)
class Window:
    """The segments found in recordings of the periods from `first` up to `end`, which is not in it.

    `first` is None where nothing older could be found. `whole`: nothing newer either, and nothing was left out.
    `looked_at` counts the segments that have the words; `ranks` has those that match and may be seen, by recording.
    """

    first: int | None
    end: int
    whole: bool = False
    looked_at: int = 0
    ranks: defaultdict[UUID, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for found, rank in rows:
            self.looked_at += 1
            if rank is not None:
                self.ranks[found].append(rank)


class Shelves(ABC):
    """The segments that a search may look at, from the period `oldest` to the period `newest`."""

    def __init__(self, queries: Queries, oldest: int, newest: int) -> None:
        self._queries = queries
        self._oldest, self._newest = oldest, newest

    @property
    def are_filtered(self) -> bool:
        """Whether all that there is here passes the filters."""
        return False

    def window(self, end: int | None = None) -> Window:
        """Return the newest window of the recordings before the period `end`."""
        upper = self._newest + 1 if end is None else min(end, self._newest + 1)
        window = Window(None, upper)
        at, width, rest_is_many = upper, self._first_width(), False
        while at > self._oldest:
            room, rest = CONSIDERED_SEGMENTS - window.looked_at, at - self._oldest
            to_the_end = width >= rest or (not rest_is_many and self._expected(window, upper - at) <= room)
            rows = self.candidates(None if to_the_end else at - width, at, room + 1)
            if len(rows) <= room:
                window.add(rows)
                if to_the_end:
                    window.whole = end is None
                    return window
                at -= width
                if window.looked_at >= CONSIDERED_SEGMENTS * CLOSE_TO_FULL:
                    break
                width = self._next_width(width, window.looked_at, upper - at)
            elif to_the_end and width < rest:
                rest_is_many = True
            elif width > 1:
                width = max(1, min(width, rest) // 2)
            else:
                # What is of one period is never parted.
                if not window.looked_at:
                    window.add(self.candidates(at - 1, at, _MOST_OF_A_PERIOD))
                    at -= 1
                break
        window.first = at if at > self._oldest else None
        window.whole = end is None and window.first is None and window.looked_at < _MOST_OF_A_PERIOD
        return window

    def again(self, first: int | None, end: int) -> Window:
        """Return a window that was looked at before."""
        window = Window(first, end)
        # Where it was is the client's word: a range of ages would be told in a million words.
        first = None if first is None else max(first, self._oldest)
        end = min(end, self._newest + 1)
        window.add(self.candidates(first, end, _MOST_OF_A_PERIOD))
        return window

    @abstractmethod
    def candidates(self, first: int | None, end: int, limit: int) -> list[tuple[UUID, float | None]]:
        """Return the recordings of segments that have the words, with the rank where they match and may be seen.

        They are of the periods from `first`, or from the oldest, up to `end`.
        """

    def _first_width(self) -> int:
        return _FIRST_PERIODS

    def _expected(self, window: Window, periods: int) -> float:
        """Return how many segments the rest has if it is like the `periods` that were read; too few of them say nothing."""
        everything = self._newest + 1 - self._oldest
        if periods < everything * _SAMPLE:
            return math.inf
        return window.looked_at / periods * (window.end - periods - self._oldest)

    @staticmethod
    def _next_width(width: int, found: int, periods: int) -> int:
        if not found:
            return width * _WIDENING
        return max(1, min(width * _WIDENING, int((CONSIDERED_SEGMENTS * _AIM - found) * periods / found)))

    def _read(
        self, condition: str, parameters: Sequence[Any], projects: list[UUID] | None, limit: int
    ) -> list[tuple[UUID, float | None]]:
        (matches, what), (rank, how) = self._queries.matches(), self._queries.rank()
        seen, whose = ("true", []) if projects is None else ("s.project_id = any(%s::uuid[])", [[*map(str, projects)]])
        # The bound is on what is read, not on what comes of it.
        rows: list[Any] = ask(
            f"""
            select s.transcription_id, case when {matches} and {seen} then {rank} end from (
                select transcription_id, project_id, search, search_configuration from segments s
                where {condition} limit %s
            ) as s
            """,  # noqa: S608 - put together of this module's own words; what clients say is in the parameters
            [*what, *whose, *how, *parameters, limit],
        )
        return rows


class AllOf(Shelves):
    """Those of some projects; None: of all. `everything`: how many periods there are in all."""

    def __init__(
        self, queries: Queries, projects: list[UUID] | None, oldest: int, newest: int, everything: int
    ) -> None:
        super().__init__(queries, oldest, newest)
        self._projects = projects
        self._everything = everything

    def candidates(self, first: int | None, end: int, limit: int) -> list[tuple[UUID, float | None]]:
        begin = self._oldest if first is None else first
        condition = "s.search @@ %s::tsquery"
        parameters: list[Any] = [self._queries.widest]
        if first is not None or end - begin <= self._everything * _PART:
            condition += " and vocalyx_places(s.project_id, s.period) && %s::text[]"
            parameters.append(places.of_time(begin, end))
        else:
            # Most of the time is no help to find what is rare.
            condition += " and s.period >= %s and s.period < %s"
            parameters += [begin, end]
        if self._projects is not None and len(self._projects) <= _PROJECTS_LOOKED_UP:
            condition += " and vocalyx_places(s.project_id, s.period) && %s::text[]"
            parameters.append([places.of_project(project) for project in self._projects])
        return self._read(condition, parameters, self._projects, limit)


class AFew(Shelves):
    """Those of a few recordings, by the periods that these are of."""

    def __init__(self, queries: Queries, periods: dict[UUID, int]) -> None:
        super().__init__(queries, min(periods.values()), max(periods.values()))
        self._periods = periods

    @property
    def are_filtered(self) -> bool:
        return True

    def candidates(self, first: int | None, end: int, limit: int) -> list[tuple[UUID, float | None]]:
        begin = self._oldest if first is None else first
        among = [str(found) for found, period in self._periods.items() if begin <= period < end]
        # `is true` keeps the words from being looked up: there are fewer segments of these recordings than of a word.
        condition = "s.transcription_id = any(%s::uuid[]) and (s.search @@ %s::tsquery) is true"
        return self._read(condition, [among, self._queries.widest], None, limit)

    def _first_width(self) -> int:
        return self._newest + 1 - self._oldest


def shelves(queries: Queries, projects: list[UUID] | None, filters: Filters) -> Shelves | None:
    """Return where to look; None: there is nothing to look at.

    What it gives passes the filters' times; whether it passes the rest is the caller's to ask, unless `are_filtered`.
    """
    # Before the bound on what is read is reached, reading the whole table would look cheap; it is not where it is not.
    [(oldest, newest, _)] = ask(
        """
        select vocalyx_period(min(created_at)), vocalyx_period(max(created_at)), set_config('enable_seqscan', 'off', true)
        from transcriptions
        """,
        [],
    )
    if oldest is None:
        return None
    few = filters.few(projects, _FEW_RECORDINGS)
    if few is not None:
        return AFew(queries, {found: places.period(moment) for found, moment in few}) if few else None
    everything = newest + 1 - oldest
    if filters.created_after is not None:
        oldest = max(oldest, places.period(filters.created_after))
    if filters.created_before is not None:
        newest = min(newest, places.period(filters.created_before))
    return AllOf(queries, projects, oldest, newest, everything)
