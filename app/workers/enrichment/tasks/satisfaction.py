"""Satisfaction of a caller: a score that must give its reasons, and quotes that must stand in the transcript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import InvalidReply, clean, distinct_by, is_worth_showing, parsed, statement_of
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks.statements import (
    STATEMENT_CHARACTERS,
    STATEMENT_LEAST_CHARACTERS,
    Found,
    Statement,
    ground,
)
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

LOWEST_SCORE, HIGHEST_SCORE = 1, 5
_MAX_REASONS = 4
_MAX_QUOTES = 3
_TOKENS = 560
_CONTEXT_SHARE = 3


class Judgement(BaseModel):
    """The reasons come first: whoever must give them before the score, scores by them."""

    model_config = ConfigDict(extra="forbid")

    reasons: Annotated[list[Statement], Field(min_length=1, max_length=_MAX_REASONS)]
    quotes: Annotated[list[Statement], Field(min_length=0, max_length=_MAX_QUOTES)]
    score: Annotated[int, Field(ge=LOWEST_SCORE, le=HIGHEST_SCORE)]


class Satisfaction(Shape):
    satisfaction: Judgement


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement of one window, which has the `weight` of what was said in it."""

    score: int
    weight: int
    reasons: tuple[Found, ...]
    quotes: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionScore(Question):
    keeps: ClassVar[Any] = Judged

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        return json_schema(Satisfaction, lines=len(passages))

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw, told = parsed(reply, Satisfaction).satisfaction, shown.told
        reasons = []
        for item in distinct_by(raw.reasons, lambda reason: reason.text):
            text = statement_of(item.text, cut=len(item.text) >= STATEMENT_CHARACTERS)
            if is_worth_showing(text, told, STATEMENT_LEAST_CHARACTERS) and (found := ground(text, item.line, shown)):
                reasons.append(found)
        quotes = []
        for item in distinct_by(raw.quotes, lambda quote: quote.text):
            text = clean(item.text).strip("\"'“”«» ")
            if segments := shown.source.quoted(text, set(shown.segments)):
                quotes.append(Found(text, segments))
        if not reasons and not quotes:
            raise InvalidReply("the score has no reason that can be found in the transcript")
        weight = sum(len(passage.text) for passage in shown.passages)
        dropped = len(raw.reasons) + len(raw.quotes) - len(reasons) - len(quotes)
        return Kept(Judged(raw.score, weight, tuple(reasons), tuple(quotes)), dropped)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        judged: list[Judged] = [part.value for part in parts]
        weight = sum(one.weight for one in judged)
        score = round(sum(one.score * one.weight for one in judged) / weight)
        reasons = distinct_by((reason for one in judged for reason in one.reasons), lambda found: found.text)
        quotes = distinct_by((quote for one in judged for quote in one.quotes), lambda found: found.text)
        return {
            "score": score,
            "reasons": [{"text": found.text, "segments": list(found.segments)} for found in reasons],
            "quotes": [
                {"text": found.text, "segments": list(found.segments), "start": source.start_of(found.segments)}
                for found in quotes
            ],
        }


SATISFACTION = SatisfactionScore(
    name=EnrichmentTask.SATISFACTION,
    scope=Scope.WINDOWS,
    numbered=True,
    instructions={
        "en": (
            "How satisfied is the caller with this call? Give reasons, each with the number of its line; sentences of the"
            " caller word for word, each with the number of its line; and a score from 1, very dissatisfied, to 5, very"
            " satisfied."
        ),
        "fr": (
            "Le client est-il satisfait de cet appel ? Donne les raisons, chacune avec le numéro de sa ligne ; des phrases"
            " du client mot pour mot, chacune avec le numéro de sa ligne ; et une note de 1, très mécontent, à 5, très"
            " satisfait."
        ),
    },
)
