"""Full-text search in what was said, by PostgreSQL's own means: each segment in the language of its recording.

Words are found by their stems, whatever their case and accents (`vocalyx_search_vector` in the migration 0007 tells
how). A query is of the form that people know from the web: words, "a phrase", `or`, and `-` before what must not stand.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.core import cursors
from app.core.access import Principal
from app.core.errors import InvalidFields
from app.core.snippets import snippet, words_to_ask_about
from app.core.speakers import Cast, Voice
from app.db.filters import Filters
from app.db.listing import Page, summaries
from app.db.models import Speaker, Transcription, database
from app.db.transcripts import SEARCH_CONFIGURATIONS, search_configuration

SEARCH_LIMIT = 50
SHOWN_SEGMENTS = 5

CONSIDERED_SEGMENTS = 4_000
"""Of what stands in more segments, so many are ranked: a search takes no longer the more there is."""

_LEXEME = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Findings(Page):
    """A page of transcriptions. `limited`: there are more segments than were ranked."""

    limited: bool = False


@dataclass(frozen=True, slots=True)
class _Queries:
    """What was asked, as PostgreSQL reads it in each configuration in which it says something."""

    by_configuration: Mapping[str, str]
    lexemes: Mapping[str, frozenset[str]]

    def matches(self) -> tuple[str, list[Any]]:
        """Return the condition on a segment `s`."""
        arm = "(s.search_configuration = %s and s.search @@ %s::tsquery)"
        parameters = [value for pair in self.by_configuration.items() for value in pair]
        return f"({' or '.join([arm] * len(self.by_configuration))})", parameters

    def rank(self) -> tuple[str, list[Any]]:
        """Return how well a segment `s` that matches does so."""
        arms = " ".join(["when %s then ts_rank(s.search, %s::tsquery)"] * len(self.by_configuration))
        parameters = [value for pair in self.by_configuration.items() for value in pair]
        return f"(case s.search_configuration {arms} end)::double precision", parameters


def search(
    principal: Principal, asked: str, filters: Filters, *, limit: int = 20, cursor: str | None = None
) -> Findings:
    """Return the transcriptions in which this is said, the best first, each with its best segments.

    Only what the principal may see is looked into. Raises `InvalidFields` where there is no word to look for.
    """
    asked = unicodedata.normalize("NFC", asked)
    listing = f"search-{sha256(repr((asked, filters)).encode(errors='replace')).hexdigest()[:16]}"
    behind = None if cursor is None else _position(listing, cursor)
    queries = _read(asked, filters.language)
    projects = filters.projects(principal)
    if not queries.by_configuration or projects == []:
        return Findings([], None)
    found = _ranked(queries, projects, filters, behind, limit + 1)
    shown, more = found[:limit], len(found) > limit
    items = _items(queries, {row[0]: row for row in shown})
    next_cursor = cursors.encode(listing, _place(shown[-1])) if more else None
    return Findings(items, next_cursor, limited=bool(found) and found[0][4] >= CONSIDERED_SEGMENTS)


def _read(asked: str, language: str | None) -> _Queries:
    wanted = SEARCH_CONFIGURATIONS if language is None else (search_configuration(language),)
    by_configuration, lexemes = {}, {}
    excluding = False
    for configuration in wanted:
        # A word that says nothing in its language ("été") may be meant: then it is looked for as it is written.
        for reading in dict.fromkeys((configuration, "simple")):
            query, positive = _ask(
                "select query::text, querytree(query) from (select vocalyx_search_query(%s, %s) as query) as asked",
                [reading, asked],
            )[0]
            if query:
                break
        excluding = excluding or positive == "T"
        if query and positive not in ("", "T"):
            by_configuration[configuration] = query
            lexemes[configuration] = frozenset(found.replace("''", "'") for found in _LEXEME.findall(positive))
    if excluding and not by_configuration:
        message = "Say what to look for too: there are only words here that must not stand in the text."
        raise InvalidFields([{"field": "q", "message": message}])
    return _Queries(by_configuration, lexemes)


def _ranked(
    queries: _Queries, projects: list[UUID] | None, filters: Filters, behind: tuple[Any, ...] | None, limit: int
) -> list[tuple[Any, ...]]:
    """Return id, hits, score, moment and the sum of all hits, of the best transcriptions behind a place."""
    (matches, what), (rank, how) = queries.matches(), queries.rank()
    visible, whose = _visible(projects, filters)
    place = "where (score, created_at, id) < (%s, %s, %s)" if behind else ""
    # How often it is said counts, but less and less.
    return _ask(
        f"""
        with hits as materialized (
            select s.transcription_id as id, {rank} as rank from segments s where {matches} {visible} limit %s
        ), found as (
            select id, count(*) as hits, max(rank) * (1 + ln(count(*)::double precision)) as score
            from hits group by id
        ), placed as (
            select id, hits, score, created_at, sum(hits) over ()::bigint as considered
            from found join transcriptions using (id)
        )
        select id, hits, score, created_at, considered from placed {place}
        order by score desc, created_at desc, id desc limit %s
        """,  # noqa: S608 - put together of this module's own words; what clients say is in the parameters
        [*how, *what, *whose, CONSIDERED_SEGMENTS, *(behind or ()), limit],
    )


def _visible(projects: list[UUID] | None, filters: Filters) -> tuple[str, list[Any]]:
    conditions = filters.conditions()
    if projects is not None:
        conditions.append(Transcription.project.in_(projects))
    if not conditions:
        return "", []
    query, parameters = Transcription.select(Transcription.id).where(*conditions).sql()
    return f"and s.transcription_id in ({query})", list(parameters)


def _items(queries: _Queries, found: Mapping[UUID, tuple[Any, ...]]) -> list[dict[str, Any]]:
    segments = _segments(queries, list(found))
    return [
        {
            "transcription": summary,
            "score": round(found[UUID(summary["id"])][2], 6),
            "hits": found[UUID(summary["id"])][1],
            "segments": segments[UUID(summary["id"])],
        }
        for summary in summaries(list(found))
    ]


def _segments(queries: _Queries, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the best segments of each transcription, in order of time."""
    (matches, what), (rank, how) = queries.matches(), queries.rank()
    rows = _ask(
        f"""
        select id, position, start_seconds, end_seconds, speaker, text, search_configuration from (
            select s.transcription_id as id, s.position, s.start_seconds, s.end_seconds,
                coalesce(s.corrected_speaker, s.speaker) as speaker, coalesce(s.corrected_text, s.text) as text,
                s.search_configuration,
                row_number() over (partition by s.transcription_id order by {rank} desc, s.position) as place
            from segments s where s.transcription_id = any(%s::uuid[]) and {matches}
        ) as ranked where place <= %s order by id, position
        """,  # noqa: S608 - as above
        [*how, [str(found) for found in ids], *what, SHOWN_SEGMENTS],
    )
    hits, speakers = _hit_words(queries, rows), _speakers(ids)
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
                "speaker_name": names.get(speaker),
                "snippet": [piece.to_dict() for piece in pieces],
            }
        )
    return result


def _hit_words(queries: _Queries, rows: Sequence[tuple[Any, ...]]) -> dict[str, set[str]]:
    """Return the words in the rows' texts that are what was looked for, by configuration: PostgreSQL says which."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts[row[6]].append(row[5])
    result: dict[str, set[str]] = {}
    for configuration, some in texts.items():
        lexemes = queries.lexemes[configuration]
        words = words_to_ask_about(some, lexemes)
        hits = _ask(
            """
            select word from unnest(%s::text[]) as word
            where tsvector_to_array(vocalyx_search_vector(%s, word)) && %s::text[]
            """,
            [sorted(words), configuration, sorted(lexemes)],
        )
        result[configuration] = {word for (word,) in hits}
    return result


def _speakers(ids: Sequence[UUID]) -> dict[UUID, tuple[Cast, dict[str, str]]]:
    voices: defaultdict[UUID, dict[str, Voice]] = defaultdict(dict)
    names: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    columns = (Speaker.transcription, Speaker.label, Speaker.name, Speaker.merged_into)
    query: Any = Speaker.select(*columns).where(Speaker.transcription.in_(list(ids)))
    for found, label, name, merged_into in query.tuples():
        voices[found][label] = Voice(label, merged_into)
        if name:
            names[found][label] = name
    return {found: (Cast(voices[found], {}, {}), names[found]) for found in ids}


def _place(row: tuple[Any, ...]) -> list[Any]:
    return [row[2], row[3].isoformat(), str(row[0])]


def _position(listing: str, cursor: str) -> tuple[float, str, str]:
    """Return the place of the last item of the page before. A cursor is the client's word: nothing of it is trusted."""
    try:
        score, moment, last = cursors.decode(listing, cursor)
        if not isinstance(score, float) or not math.isfinite(score):
            raise cursors.unknown_cursor()
        return score, cursors.moment(moment).isoformat(), str(UUID(last))
    except (ValueError, TypeError, AttributeError) as error:
        raise cursors.unknown_cursor() from error


def _ask(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = database.execute_sql(statement, parameters).fetchall()
    return rows
