"""Topics and named entities: what and whom a recording is about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import InvalidReply, clean, distinct, is_loop, parsed
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source, content_stems, words_of
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

MAX_TOPICS = 8
MAX_ENTITIES = 15
_CHARACTERS = 60
_TOPIC_TOKENS = 240
_ENTITY_TOKENS = 480
_CONTEXT_SHARE = 4

Short = Annotated[str, Field(max_length=_CHARACTERS, json_schema_extra={"minLength": 2})]
EntityKind = Literal["person", "organisation", "place", "product", "date", "amount", "other"]


class Topics(Shape):
    topics: Annotated[list[Short], Field(min_length=1, max_length=MAX_TOPICS)]


class Entity(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Short
    kind: EntityKind


class Entities(Shape):
    entities: Annotated[list[Entity], Field(min_length=0, max_length=MAX_ENTITIES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicList(Question):
    """A topic is kept where a word of it was said; in another language than the recording's that cannot be told."""

    keeps: ClassVar[Any] = list[str]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return json_schema(Topics)

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_TOPIC_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = parsed(reply, Topics).topics
        texts = distinct(
            clean(text).strip("\"'“”«» .:-") for text in raw if len(text) < _CHARACTERS and not is_loop(text)
        )
        source = shown.source
        found = [
            text
            for text in texts
            if not shown.told.is_echoed_by(text)
            and (source.has_words(text) if source.same_language else source.has_numbers_of(text))
        ]
        if not found:
            raise InvalidReply("no topic has a word of the transcript")
        return Kept(found, len(texts) - len(found))

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        del source
        return distinct(text for part in parts for text in part.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityList(Question):
    """A name must stand in the transcript as it is written; it carries every segment in which it does."""

    keeps: ClassVar[Any] = list[tuple[str, EntityKind]]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return json_schema(Entities)

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_ENTITY_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = parsed(reply, Entities).entities
        shown_segments = set(shown.segments)
        found, dropped = [], 0
        for item in raw:
            text = clean(item.text).strip("\"'“”«» .,;:")
            words = words_of(text)
            # Words of everyday are no names, wherever they stand.
            says_something = bool(content_stems(text)) or any(word.isdigit() for word in words)
            stands = any(place[0] in shown_segments for place in shown.source.occurrences(words))
            if says_something and stands and not _is_all_small(text, item.kind):
                found.append((text, item.kind))
            else:
                dropped += 1
        return Kept(found, dropped)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        kinds: dict[tuple[str, ...], Counter[str]] = {}
        written: dict[tuple[str, ...], str] = {}
        for text, kind in (item for part in parts for item in part.value):
            key = tuple(words_of(text))
            kinds.setdefault(key, Counter())[kind] += 1
            written.setdefault(key, text)
        return [
            {
                "text": written[key],
                "kind": counted.most_common(1)[0][0],
                "segments": sorted({position for place in source.occurrences(key) for position in place}),
            }
            for key, counted in kinds.items()
        ]


def _is_all_small(text: str, kind: str) -> bool:
    """Tell whether what is to be a proper name has no capital letter: "the painters" are no person."""
    return kind in {"person", "organisation", "place"} and text == text.lower() and text.upper() != text.lower()


TOPICS = TopicList(
    name=EnrichmentTask.TOPICS,
    scope=Scope.WHOLE,
    numbered=False,
    instructions={
        "en": "List the topics of this recording, one to three words each, in the words of the transcript.",
        "fr": "Donne les thèmes de cet enregistrement, un à trois mots chacun, avec les mots de la transcription.",
    },
)

ENTITIES = EntityList(
    name=EnrichmentTask.ENTITIES,
    scope=Scope.WINDOWS,
    numbered=False,
    instructions={
        "en": (
            "List the names in this transcript, as they are written there, each with its kind: people, organisations,"
            " places, products, dates, amounts. None: an empty list."
        ),
        "fr": (
            "Donne les noms de cette transcription, comme ils y sont écrits, chacun avec sa nature : personnes (person),"
            " organisations, lieux (place), produits (product), dates, montants (amount). Aucun : une liste vide."
        ),
    },
)
