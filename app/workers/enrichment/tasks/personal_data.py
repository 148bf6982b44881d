"""Personal data: patterns find what has a form, the model is asked for names and addresses, which have none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask
from app.core.personal_data import PersonalKind
from app.core.personal_search import KnownPhrases, found_in_each
from app.workers.enrichment.answers import clean, parsed
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source, content_stems, words_of
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

MAX_PHRASES = 12
_CHARACTERS = 80
_TOKENS = 400
_CONTEXT_SHARE = 4
_LEAST_NAME_CHARACTERS = 3

Phrase = Annotated[str, Field(max_length=_CHARACTERS, json_schema_extra={"minLength": 2})]


class Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[Phrase], Field(min_length=0, max_length=MAX_PHRASES)]
    addresses: Annotated[list[Phrase], Field(min_length=0, max_length=MAX_PHRASES)]


class PersonalData(Shape):
    personal_data: Phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataSearch(Question):
    """Each name and address that the model gives must stand in the transcript; where it does, it is found everywhere."""

    keeps: ClassVar[Any] = list[tuple[str, PersonalKind]]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return json_schema(PersonalData)

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = parsed(reply, PersonalData).personal_data
        shown_segments = set(shown.segments)
        kept, dropped = [], 0
        for kind, texts in ((PersonalKind.NAME, raw.names), (PersonalKind.ADDRESS, raw.addresses)):
            for written in dict.fromkeys(texts):
                text = clean(written).strip("\"'“”«» .,;:")
                places = list(shown.source.occurrences(words_of(text)))
                stands = any(shown_segments.issuperset(place) for place in places)
                if stands and _is_personal(text, kind):
                    kept.append((text, kind))
                else:
                    dropped += 1
        return Kept(kept, dropped)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        return spans([phrase for part in parts for phrase in part.value], source)


def spans(phrases: Sequence[tuple[str, PersonalKind]], source: Source) -> list[dict[str, Any]]:
    """Return what patterns find in the segments, and each place of the phrases; of what goes over a border, each part."""
    return [
        {"segment": position, "start": span.start, "end": span.end, "kind": str(span.kind)}
        for position, places in enumerate(found_in_each(source.texts, KnownPhrases(phrases)))
        for span in places
    ]


def _is_personal(text: str, kind: PersonalKind) -> bool:
    """Tell whether it can be a name or an address at all: a word of everyday would be hidden all over the text."""
    if not content_stems(text) or len(text) < _LEAST_NAME_CHARACTERS:
        return False
    if kind is PersonalKind.NAME:
        return any(word[:1].isupper() for word in text.split()) and not any(character.isdigit() for character in text)
    return len(text.split()) > 1


PERSONAL_DATA = PersonalDataSearch(
    name=EnrichmentTask.PERSONAL_DATA,
    scope=Scope.WINDOWS,
    numbered=False,
    stands_alone=True,
    instructions={
        "en": (
            "List the names of private persons and the postal addresses in this transcript, as they are written there. None:"
            " empty lists."
        ),
        "fr": (
            "Donne les noms de personnes privées et les adresses postales de cette transcription, comme ils y sont écrits."
            " Aucun : des listes vides."
        ),
    },
)
