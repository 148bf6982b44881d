"""Action items: what is to be done, by whom, until when, and where that was said."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import clean, distinct_by, is_worth_showing, parsed, statement_of
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage, segments_of
from app.workers.enrichment.grounding import Source, content_stems, words_of
from app.workers.enrichment.numerals import numbers
from app.workers.enrichment.prompts import wording_for
from app.workers.enrichment.speaker_names import name_of
from app.workers.enrichment.tasks.statements import (
    STATEMENT_CHARACTERS,
    STATEMENT_LEAST_CHARACTERS,
    StatementText,
    asks,
    check_selects,
    ground,
)
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

MAX_ACTIONS = 7
_DETAIL_CHARACTERS = 60
_ACTION_TOKENS = 600
_CONTEXT_SHARE = 3
_NEAR = 1
"""Who and when may be said a segment before or after."""
_JOINT = re.compile(r"\s*(?:[,&]|\b(?:and|et)\b)\s*", re.IGNORECASE)

Detail = Annotated[str, Field(max_length=_DETAIL_CHARACTERS)]


class Action(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: Annotated[int, Field(ge=1)]
    what: StatementText
    who: Detail | None
    due: Detail | None


class Actions(Shape):
    actions: Annotated[list[Action], Field(min_length=0, max_length=MAX_ACTIONS)]


@dataclass(frozen=True, slots=True)
class Found:
    what: str
    who: str | None
    due: str | None
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionItems(Question):
    """What cannot be found is left out: the whole item, or only who does it and when."""

    keeps: ClassVar[Any] = list[Found]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        return json_schema(Actions, lines=len(passages))

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_ACTION_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = parsed(reply, Actions).actions
        check_selects([(item.what, item.line) for item in raw], shown)
        told, found, dropped = shown.told, [], 0
        for item in distinct_by(raw, lambda action: action.what):
            what = statement_of(item.what, cut=len(item.what) >= STATEMENT_CHARACTERS)
            if not is_worth_showing(what, told, STATEMENT_LEAST_CHARACTERS) or asks(what):
                continue
            grounded = ground(what, item.line, shown, agreeing=True)
            if grounded is None:
                dropped += 1
            else:
                who, due = _who(item.who, grounded.segments, shown), _due(item.due, grounded.segments, shown)
                found.append(Found(what, who, due, grounded.segments))
        return Kept(found, dropped)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        found = distinct_by((item for part in parts for item in part.value), lambda item: item.what)
        return [
            {
                "what": item.what,
                "who": item.who,
                "due": item.due,
                "segments": list(item.segments),
                "start": source.start_of(item.segments),
            }
            for item in found
        ]


def _who(raw: str | None, segments: Sequence[int], shown: Shown) -> str | None:
    """Return whoever is named where the text is: who speaks there, or is spoken of in these lines."""
    name = clean(raw or "").strip(" .,;:")
    near = _around(segments, shown)
    said = {word for passage in shown.passages if set(passage.segments) & near for word in words_of(passage.text)}
    known = [said, *_speakers(segments, shown)]
    each = [{word for word in words_of(one) if len(word) > 1 or word.isdigit()} for one in _JOINT.split(name)]
    return name if all(words and any(words <= others for others in known) for words in each) else None


def _speakers(segments: Sequence[int], shown: Shown) -> list[set[str]]:
    """Return the words of each one's name who speaks where the text is, or next before or after: who is asked, answers."""
    turns = [list(turn) for _, turn in groupby(shown.passages, key=lambda passage: passage.speaker)]
    places = set(segments or shown.segments)
    at = {number for number, turn in enumerate(turns) if places & set(segments_of(turn))}
    speaker = wording_for(shown.languages.answers).speaker
    near = (turn[0] for number, turn in enumerate(turns) if at & {number - 1, number, number + 1})
    return [set(words_of(name)) for passage in near if (name := name_of(passage.speaker, speaker))]


def _due(raw: str | None, segments: Sequence[int], shown: Shown) -> str | None:
    """Return the time if its words, or at least its numbers, stand where the text is."""
    due = clean(raw or "").strip(" .,;:")
    text = " ".join(shown.source.texts[position] for position in sorted(_around(segments, shown)))
    wanted, said = set(content_stems(due)), set(content_stems(text))
    if not due or not (wanted or numbers(due)) or not numbers(due) <= numbers(text):
        return None
    return due if not shown.source.same_language or wanted <= said else None


def _around(segments: Sequence[int], shown: Shown) -> set[int]:
    """Return the segments with their neighbours; all that were shown where it is not known which."""
    near = {position + step for position in segments for step in range(-_NEAR, _NEAR + 1)}
    return near & set(shown.segments) if segments else set(shown.segments)


ACTIONS = ActionItems(
    name=EnrichmentTask.ACTIONS,
    scope=Scope.WINDOWS,
    numbered=True,
    instructions={
        "en": (
            "Who promises or is asked to do something after this recording? Only what is still to be done: for each task the"
            " number of its line, what is to be done, beginning with a verb, who does it and when it is due. null where"
            " that is not said. Nothing to be done: an empty list."
        ),
        "fr": (
            "Qui promet de faire quelque chose après cet enregistrement, ou en est chargé ? Seulement ce qui reste à faire :"
            " pour chaque tâche le numéro de sa ligne, ce qui est à faire, en commençant par un verbe, qui le fait et pour"
            " quand. null si ce n'est pas dit. Rien à faire : une liste vide."
        ),
    },
)
