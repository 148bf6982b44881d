"""What of recordings fits a question: the segments with its words, best first, and those around them.

Any of the question's words will do, by their stems, in the language of each recording: a question is no search, and
nobody says all of its words in one sentence. Of one transcription that is not too long all is given; whoever shows it to
a model knows how much of it the model can read, and leaves out the least fitting.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.core.questions import Passage
from app.db import search_windows
from app.db.filters import Filters
from app.db.search_queries import Queries, ask
from app.db.speakers import speakers_of
from app.db.tables import Transcription
from app.db.transcripts import SEARCH_CONFIGURATIONS

SENT_CHARACTERS = 100_000
"""So much of what was said is given at most: more than the models in question read at once."""

_MATCHES = 60
_RECORDINGS = 8
_AROUND = 2
"""Segments before and behind one that fits: an answer often stands behind what asks for it."""
_WEIGHT_AROUND = 0.5
_LONGEST_QUERY_WORDS = 64
_WORD = re.compile(r"\w+")


def of_transcription(transcription: UUID, question: str) -> list[Passage]:
    """Return the passages of one transcription in order of time: all of them where they are not too many."""
    queries = _queries(question)
    rank, how = queries.rank() if queries is not None else ("0", [])
    rows = ask(
        f"""
        select s.transcription_id, s.position, s.start_seconds, coalesce(s.corrected_text, s.text),
            coalesce(s.corrected_speaker, s.speaker), coalesce({rank}, 0)
        from segments s where s.transcription_id = %s order by s.position
        """,  # noqa: S608 - put together of this module's own words; what clients say is in the parameters
        [*how, str(transcription)],
    )
    passages = _passages(rows)
    if sum(len(passage.text) for passage in passages) <= SENT_CHARACTERS:
        return passages
    return _best(passages)


def of_project(project: UUID, question: str) -> list[Passage]:
    """Return passages of a project's recordings in which a word of the question is said, recording by recording.

    They are looked for from the newest recordings back, as the search does; what is rare is found anywhere.
    """
    queries = _queries(question)
    if queries is None:
        return []
    shelves = search_windows.shelves(queries, [project], Filters())
    if shelves is None:
        return []
    ranks = shelves.window().ranks
    best = sorted(ranks, key=lambda found: max(ranks[found]) * (1 + math.log(len(ranks[found]))), reverse=True)
    recordings = [str(found) for found in best[:_RECORDINGS]]
    (matches, what), (rank, how) = queries.matches(), queries.rank()
    found = ask(
        f"""
        select s.transcription_id, s.position, {rank} from segments s
        where s.transcription_id = any(%s::uuid[]) and {matches} is true
        order by 3 desc, 1, 2 limit %s
        """,  # noqa: S608 - as above
        [*how, recordings, *what, _MATCHES],
    )
    weights = _with_those_around({(transcription, position): weight for transcription, position, weight in found})
    rows = ask(
        """
        select s.transcription_id, s.position, s.start_seconds, coalesce(s.corrected_text, s.text),
            coalesce(s.corrected_speaker, s.speaker), 0
        from segments s
        join unnest(%s::uuid[], %s::integer[]) as wanted (id, position)
            on wanted.id = s.transcription_id and wanted.position = s.position
        join transcriptions on transcriptions.id = s.transcription_id and transcriptions.project_id = %s
        order by transcriptions.created_at, s.transcription_id, s.position
        """,
        [[str(transcription) for transcription, _ in weights], [position for _, position in weights], str(project)],
    )
    return _within(_passages(rows, weights))


def _queries(question: str) -> Queries | None:
    """Return what finds any word of a question that says something; None where none does."""
    words = list(dict.fromkeys(word.group() for word in _WORD.finditer(question)))[:_LONGEST_QUERY_WORDS]
    # In a language whose small words are not known, those of the known ones do not count either.
    rows = ask(
        """
        select word from unnest(%s::text[]) as word
        where vocalyx_search_vector('english', word) <> '' and vocalyx_search_vector('french', word) <> ''
        """,
        [words],
    )
    telling = " ".join(word for (word,) in rows)
    by_configuration: dict[str, str] = {}
    lexemes: dict[str, frozenset[str]] = {}
    for configuration in SEARCH_CONFIGURATIONS:
        [(found,)] = ask("select tsvector_to_array(vocalyx_search_vector(%s, %s))", [configuration, telling])
        if found:
            lexemes[configuration] = frozenset(found)
            by_configuration[configuration] = " | ".join(map(_quoted, found))
    if not by_configuration:
        return None
    everything = sorted({lexeme for some in lexemes.values() for lexeme in some})
    return Queries(by_configuration, lexemes, " | ".join(map(_quoted, everything)))


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _passages(
    rows: Sequence[tuple[Any, ...]], weights: Mapping[tuple[UUID, int], float] | None = None
) -> list[Passage]:
    ids = list(dict.fromkeys(row[0] for row in rows))
    recordings: Any = Transcription.select(Transcription.id, Transcription.name).where(Transcription.id.in_(ids))
    names: dict[UUID, str] = dict(recordings.tuples())
    speakers = speakers_of(ids)
    passages = []
    for found, position, start, text, label, rank in rows:
        cast, named = speakers[found]
        speaker = label and cast.resolve(label)
        weight = rank if weights is None else weights[found, position]
        passages.append(
            Passage(str(found), names.get(found, ""), position, start, text, named.get(speaker, speaker), weight)
        )
    return passages


def _best(passages: Sequence[Passage]) -> list[Passage]:
    """Return those that fit best, with those around them, in order of time; where none fits, the first ones."""
    weights = _with_those_around({(UUID(one.transcription), one.segment): one.weight for one in passages if one.weight})
    weighted = [
        Passage(
            one.transcription,
            one.recording,
            one.segment,
            one.start,
            one.text,
            one.speaker,
            weights.get((UUID(one.transcription), one.segment), 0.0),
        )
        for one in passages
    ]
    return _within(weighted)


def _within(passages: Sequence[Passage]) -> list[Passage]:
    """Return as many as may be sent, the best of them, in the order in which they came."""
    kept, room = set(), SENT_CHARACTERS
    for index, passage in sorted(enumerate(passages), key=lambda each: (-each[1].weight, each[0])):
        room -= len(passage.text)
        if room < 0:
            break
        kept.add(index)
    return [passage for index, passage in enumerate(passages) if index in kept]


def _with_those_around(weights: Mapping[tuple[UUID, int], float]) -> dict[tuple[UUID, int], float]:
    around: dict[tuple[UUID, int], float] = dict(weights)
    for (transcription, position), weight in weights.items():
        for distance in range(1, _AROUND + 1):
            for beside in (position - distance, position + distance):
                place = transcription, beside
                if beside >= 0:
                    around[place] = max(around.get(place, 0.0), weight * _WEIGHT_AROUND**distance)
    return around
