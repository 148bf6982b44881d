"""Key points, decisions and open questions: short statements, each with the segments that it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import (
    InvalidReply,
    distinct_by,
    is_worth_showing,
    parsed,
    same_words,
    statement_of,
)
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

STATEMENT_LEAST_CHARACTERS = 8
STATEMENT_CHARACTERS = 180
MAX_STATEMENTS = 7
_STATEMENT_TOKENS = 480
_CONTEXT_SHARE = 3
_COPIED_LINES = 3
_COPIED_SHARE = 0.6

StatementText = Annotated[
    str, Field(max_length=STATEMENT_CHARACTERS, json_schema_extra={"minLength": STATEMENT_LEAST_CHARACTERS})
]


class Statement(BaseModel):
    """A statement after the number of the line that it is from: who points first, makes up less."""

    model_config = ConfigDict(extra="forbid")

    line: Annotated[int, Field(ge=1)]
    text: StatementText


class Points(Shape):
    points: Annotated[list[StatementText], Field(min_length=1, max_length=MAX_STATEMENTS)]


def _list_of_statements(name: str, *, least: int) -> type[Shape]:
    items = Annotated[list[Statement], Field(min_length=least, max_length=MAX_STATEMENTS)]
    made: type[Shape] = create_model(name.title(), __base__=Shape, **{name: (items, ...)})  # type: ignore[call-overload]
    return made


@dataclass(frozen=True, slots=True)
class Found:
    """A statement and the segments that it rests on: none where it is in another language than the transcript."""

    text: str
    segments: tuple[int, ...]


def ground(statement: str, line: int | None, shown: Shown, *, agreeing: bool = False) -> Found | None:
    """Return the statement with its segments; None where it is not in the transcript.

    `agreeing`: nor may it say yes where the transcript says no.
    """
    segments = shown.locate(statement, line)
    if not segments and (shown.source.same_language or not shown.source.is_supported(statement)):
        return None
    if agreeing and not shown.source.agrees(statement, segments):
        return None
    return Found(statement, segments)


def check_selects(statements: Sequence[tuple[str, int | None]], shown: Shown) -> None:
    """Raise `InvalidReply` where a model only writes the transcript down again, line after line: that selects nothing."""
    copied = sum(
        same_words(statement, shown.passages[line - 1].text)
        for statement, line in statements
        if line is not None and 0 < line <= len(shown.passages)
    )
    if copied >= max(_COPIED_LINES, _COPIED_SHARE * min(len(shown.passages), MAX_STATEMENTS)):
        raise InvalidReply("the answer only repeats the transcript line by line")


def asks(statement: str) -> bool:
    """Tell whether a statement is a question: that is nothing to be done, and nothing that was decided."""
    return statement.rstrip(" \"'»”").endswith("?")


def joined(parts: Sequence[Kept], source: Source) -> list[dict[str, Any]]:
    """Return the statements of all windows as the API gives them, each once."""
    found = distinct_by((item for part in parts for item in part.value), lambda item: item.text)
    return [
        {"text": item.text, "segments": list(item.segments), "start": source.start_of(item.segments)} for item in found
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPoints(Question):
    """Key points of the whole: the model writes them as texts, and the segments are found by their words.

    So they cost no more than points without sources do. Where none of them is found, those of which every number, every
    name and some word was said are kept, marked by having no segments. Where the answers are in another language than the recording,
    there are no words in common: then the model is asked for lines, too (`cited`).
    """

    cited: bool = False

    keeps: ClassVar[Any] = list[Found]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        return json_schema(_CITED_POINTS, lines=len(passages)) if self.cited else json_schema(Points)

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_STATEMENT_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        if self.cited:
            raw = [(item.text, item.line) for item in getattr(parsed(reply, _CITED_POINTS), self.name)]
        else:
            raw = [(text, None) for text in parsed(reply, Points).points]
        return _read(raw, reply, shown, needed=True)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        return joined(parts, source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements(Question):
    """Statements of one kind, of which there may be none. `agreeing`: they may not turn a no into a yes."""

    shape: type[Shape]
    agreeing: bool = False

    keeps: ClassVar[Any] = list[Found]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        return json_schema(self.shape, lines=len(passages))

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_STATEMENT_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = [(item.text, item.line) for item in getattr(parsed(reply, self.shape), self.name)]
        check_selects(raw, shown)
        told = [(text, line) for text, line in raw if not (self.agreeing and asks(text))]
        return _read(told, reply, shown, needed=False, agreeing=self.agreeing)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        return joined(parts, source)


def _read(
    raw: Sequence[tuple[str, int | None]], reply: Reply, shown: Shown, *, needed: bool, agreeing: bool = False
) -> Kept:
    told = shown.told
    whole = []
    for index, (item, line) in enumerate(raw):
        cut_here = len(item) >= STATEMENT_CHARACTERS or (not reply.complete and index == len(raw) - 1)
        whole.append((statement_of(item, cut=cut_here), line))
    new = [
        (text, line)
        for text, line in distinct_by(whole, lambda item: item[0])
        if is_worth_showing(text, told, STATEMENT_LEAST_CHARACTERS)
    ]
    if needed and not new:
        raise InvalidReply("no point says anything whole and new")
    found = [found for text, line in new if (found := ground(text, line, shown, agreeing=agreeing)) is not None]
    if needed and not found:
        found = [Found(text, ()) for text, _ in new if shown.source.is_supported(text) and shown.source.has_words(text)]
        if not found:
            raise InvalidReply("no point can be found in the transcript")
    return Kept(found, len(new) - len(found))


_CITED_POINTS = _list_of_statements(EnrichmentTask.POINTS, least=1)

POINTS = KeyPoints(
    name=EnrichmentTask.POINTS,
    scope=Scope.WHOLE,
    numbered=False,
    instructions={
        "en": "List the key points of this recording, one short sentence each.",
        "fr": "Donne les points clés de cet enregistrement, une phrase courte chacun.",
    },
)

CITED_POINTS = KeyPoints(
    name=EnrichmentTask.POINTS,
    scope=Scope.WHOLE,
    numbered=True,
    cited=True,
    instructions={
        "en": "List the key points of this recording: for each the number of its line, and one short sentence.",
        "fr": "Donne les points clés de cet enregistrement : pour chacun le numéro de sa ligne, et une phrase courte.",
    },
)

DECISIONS = Statements(
    name=EnrichmentTask.DECISIONS,
    scope=Scope.WINDOWS,
    numbered=True,
    agreeing=True,
    shape=_list_of_statements(EnrichmentTask.DECISIONS, least=0),
    instructions={
        "en": (
            "Which decisions do the speakers take here? Only what is settled, no reports and no questions: for each the"
            " number of its line, and what is decided, in a few words. No decision: an empty list."
        ),
        "fr": (
            "Quelles décisions les intervenants prennent-ils ici ? Seulement ce qui est arrêté, ni récits ni questions :"
            " pour chacune le numéro de sa ligne, et ce qui est décidé, en quelques mots. Aucune décision : une liste vide."
        ),
    },
)

QUESTIONS = Statements(
    name=EnrichmentTask.QUESTIONS,
    scope=Scope.WINDOWS,
    numbered=True,
    shape=_list_of_statements(EnrichmentTask.QUESTIONS, least=0),
    instructions={
        "en": (
            "List the questions that stay open here, because nobody answers them: for each the number of its line, and the"
            " question. No open question: an empty list."
        ),
        "fr": (
            "Donne les questions qui restent ouvertes ici, parce que personne n'y répond : pour chacune le numéro de sa"
            " ligne, et la question. Aucune question ouverte : une liste vide."
        ),
    },
)
