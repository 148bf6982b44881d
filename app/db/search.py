"""Full-text search in what was said, by PostgreSQL's own means: each segment in the language of its recording.

Words are found by their stems, whatever their case and accents (`vocalyx_search_vector` in the migration 0007 tells
how). A query is of the form that people know from the web: words, "a phrase", `or`, and `-` before what must not stand.
"""

import datetime as dt
import math
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from app.core import cursors
from app.core.access import Principal
from app.core.snippets import snippet, words_to_ask_about
from app.core.speakers import numbered
from app.db import search_queries, search_windows
from app.db.filters import Filters, among
from app.db.listing import EVERYTHING, Page, summaries
from app.db.search_queries import Queries, ask
from app.db.search_windows import Window
from app.db.speakers import speakers_of
from app.db.tables import Transcription

SEARCH_LIMIT = 50
SHOWN_SEGMENTS = 5
_INTEGER = 2**31


@dataclass(frozen=True, slots=True)
class Findings(Page):
    """A page of transcriptions. `limited`: not all segments that were found were ranked together."""

    limited: bool = False


class _Found(NamedTuple):
    """A transcription, and what it is placed by: the best first, then the newest."""

    score: float
    moment: dt.datetime
    id: UUID
    hits: int

    @property
    def place(self) -> tuple[float, dt.datetime, UUID]:
        return self.score, self.moment, self.id


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a page begins: in a window behind a place, or, without one, before the period `end`."""

    end: int
    first: int | None = None
    whole: bool = False
    place: tuple[float, dt.datetime, UUID] | None = None


def search(
    principal: Principal, asked: str, filters: Filters, *, limit: int = 20, cursor: str | None = None
) -> Findings:
    """Return the transcriptions in which this is said, each with its best segments.

    The best come first among those of a window of time, the newest window first: see `search_windows`. What is rare is
    in one window. A page may have fewer than `limit`, even none, and still have one behind it. Only what the principal
    may see is looked into. Raises `InvalidFields` where there is no word to look for.
    """
    asked = unicodedata.normalize("NFC", asked)
    listing = f"search-{sha256(repr((asked, filters)).encode(errors='replace')).hexdigest()[:16]}"
    position = None if cursor is None else _position(listing, cursor)
    queries = search_queries.read(asked, filters.language)
    projects = filters.projects(principal)
    if queries is None or projects == []:
        return Findings([], None)
    found, behind, limited = _found(queries, projects, filters, position, limit)
    items = _items(queries, {one.id: one for one in found})
    return Findings(items, None if behind is None else cursors.encode(listing, _told(behind)), limited=limited)


def _found(
    queries: Queries, projects: list[UUID] | None, filters: Filters, position: _Position | None, limit: int
) -> tuple[list[_Found], _Position | None, bool]:
    """Return a page, where the next one begins (None: nowhere), and whether there is more than one window."""
    shelves = search_windows.shelves(queries, projects, filters)
    if shelves is None:
        return [], None, False
    place = None if position is None else position.place
    if position is None:
        window = shelves.window()
    elif place is None:
        window = shelves.window(position.end)
    else:
        window = shelves.again(position.first, position.end)
        window.whole = position.whole
    limited, looked_at = not window.whole, window.looked_at
    result: list[_Found] = []
    while True:
        ranked = _ranked(window, EVERYTHING if shelves.are_filtered else filters)
        behind = [found for found in ranked if place is None or found.place < place]
        room = limit - len(result)
        result += behind[:room]
        if len(behind) > room:
            return result, _Position(window.end, window.first, window.whole, result[-1].place), limited
        if window.first is None:
            return result, None, limited
        # No more is looked at for one page, however little of it may be seen.
        if len(result) == limit or looked_at >= search_windows.CONSIDERED_SEGMENTS * search_windows.CLOSE_TO_FULL:
            return result, _Position(window.first), limited
        window, place = shelves.window(window.first), None
        looked_at += window.looked_at


def _ranked(window: Window, filters: Filters) -> list[_Found]:
    """Return the transcriptions of a window that the filters let through, the best first."""
    conditions = [among(window.ranks), *filters.conditions()]
    query: Any = Transcription.select(Transcription.id, Transcription.created_at).where(*conditions)
    found = [
        # How often it is said counts, but less and less.
        _Found(max(ranks) * (1 + math.log(len(ranks))), moment, transcription, len(ranks))
        for transcription, moment in (query.tuples() if window.ranks else ())
        for ranks in (window.ranks[transcription],)
    ]
    return sorted(found, key=lambda one: one.place, reverse=True)


def _items(queries: Queries, found: Mapping[UUID, _Found]) -> list[dict[str, Any]]:
    segments = _segments(queries, list(found))
    return [
        {
            "transcription": summary,
            "score": round(found[UUID(summary["id"])].score, 6),
            "hits": found[UUID(summary["id"])].hits,
            "segments": segments[UUID(summary["id"])],
        }
        for summary in summaries(list(found))
    ]


def _segments(queries: Queries, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the best segments of each transcription, in order of time."""
    (matches, what), (rank, how) = queries.matches(), queries.rank()
    rows = ask(
        f"""
        select id, position, start_seconds, end_seconds, speaker, text, search_configuration from (
            select s.transcription_id as id, s.position, s.start_seconds, s.end_seconds,
                coalesce(s.corrected_speaker, s.speaker) as speaker, coalesce(s.corrected_text, s.text) as text,
                s.search_configuration,
                row_number() over (partition by s.transcription_id order by {rank} desc, s.position) as place
            from segments s where s.transcription_id = any(%s::uuid[]) and {matches} is true
        ) as ranked where place <= %s order by id, position
        """,  # noqa: S608 - as above
        [*how, [str(found) for found in ids], *what, SHOWN_SEGMENTS],
    )
    hits, speakers = _hit_words(queries, rows), speakers_of(ids)
    result: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for found, position, start, end, label, text, configuration in rows:
        cast, names = speakers[found]
        speaker = label and cast.resolve(label)
        pieces = snippet(text, hits[configuration].__contains__)
        result[found].append(
            {
                "position": position,
                "start": start,
                "end": end,
                "speaker": speaker,
                "speaker_number": numbered(cast.voices).get(speaker),
                "speaker_name": names.get(speaker),
                "snippet": [piece.to_dict() for piece in pieces],
            }
        )
    return result


def _hit_words(queries: Queries, rows: Sequence[tuple[Any, ...]]) -> dict[str, set[str]]:
    """Return the words in the rows' texts that are what was looked for, by configuration: PostgreSQL says which."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts[row[6]].append(row[5])
    result: dict[str, set[str]] = {}
    for configuration, some in texts.items():
        lexemes = queries.lexemes[configuration]
        words = words_to_ask_about(some, lexemes)
        hits = ask(
            """
            select word from unnest(%s::text[]) as word
            where tsvector_to_array(vocalyx_search_vector(%s, word)) && %s::text[]
            """,
            [sorted(words), configuration, sorted(lexemes)],
        )
        result[configuration] = {word for (word,) in hits}
    return result


def _told(position: _Position) -> list[Any]:
    told: list[Any] = [position.end, position.first, position.whole]
    if position.place is not None:
        score, moment, last = position.place
        told += [score, moment.astimezone(dt.UTC).isoformat(), str(last)]
    return told


def _position(listing: str, cursor: str) -> _Position:
    """Return where the page before ended. A cursor is the client's word: nothing of it is trusted."""
    try:
        end, first, whole, *place = cursors.decode(listing, cursor)
        periods = [end] if first is None else [end, first]
        if any(type(period) is not int or abs(period) >= _INTEGER for period in periods) or type(whole) is not bool:
            raise cursors.unknown_cursor()
        if not place:
            return _Position(end)
        score, moment, last = place
        if not isinstance(score, float) or not math.isfinite(score):
            raise cursors.unknown_cursor()
        return _Position(end, first, whole, (score, cursors.moment(moment), UUID(last)))
    except (ValueError, TypeError, AttributeError) as error:
        raise cursors.unknown_cursor() from error
