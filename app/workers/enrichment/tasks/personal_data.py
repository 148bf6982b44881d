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

MAX_NAMES = 32
MAX_ADDRESSES = 16
# llama.cpp takes no grammar in which the items of a list times their characters are more than 2 000.
_NAME_CHARACTERS = 60
_ADDRESS_CHARACTERS = 80
_TOKENS = 600
_CONTEXT_SHARE = 4
_LARGE_CONTEXT_SHARE = 16
_LEAST_NAME_CHARACTERS = 3
_CIRCLE_SHARE = 4
"""A full list whose last part, this one of so many, holds nothing new goes round in circles: room is not what it lacks."""

Name = Annotated[str, Field(max_length=_NAME_CHARACTERS, json_schema_extra={"minLength": 2})]
Address = Annotated[str, Field(max_length=_ADDRESS_CHARACTERS, json_schema_extra={"minLength": 2})]


class Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[Name], Field(min_length=0, max_length=MAX_NAMES)]
    addresses: Annotated[list[Address], Field(min_length=0, max_length=MAX_ADDRESSES)]


class PersonalData(Shape):
    personal_data: Phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataSearch(Question):
    """Each name and address that the model gives must stand in the transcript; where it does, it is found everywhere.

    An answer that its bounds ended, in items or in tokens, while it still said something new, may have left names out.
    """

    keeps: ClassVar[Any] = list[tuple[str, PersonalKind]]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return json_schema(PersonalData)

    def answer_tokens(self, context_tokens: int) -> int:
        # In a large context much is read at a time, and more names stand there.
        return max(min(_TOKENS, context_tokens // _CONTEXT_SHARE), context_tokens // _LARGE_CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = parsed(reply, PersonalData).personal_data
        shown_segments = set(shown.segments)
        kept, dropped, cut = [], 0, not reply.complete
        for kind, texts, most in (
            (PersonalKind.NAME, raw.names, MAX_NAMES), (PersonalKind.ADDRESS, raw.addresses, MAX_ADDRESSES),
        ):  # fmt: skip
            last = _new_at_the_end(texts, most)
            for written in dict.fromkeys(texts):
                text = clean(written).strip("\"'“”«» .,;:")
                places = list(shown.source.occurrences(words_of(text)))
                stands = any(shown_segments.issuperset(place) for place in places)
                if stands and _is_personal(text, kind):
                    kept.append((text, kind))
                    cut = cut or written in last
                else:
                    dropped += 1
        return Kept(kept, dropped, cut=cut)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        return spans([phrase for part in parts for phrase in part.value], source)


def spans(phrases: Sequence[tuple[str, PersonalKind]], source: Source) -> list[dict[str, Any]]:
    """Return what patterns find in the segments, and each place of the phrases; of what goes over a border, each part."""
    return [
        {"segment": position, "start": span.start, "end": span.end, "kind": str(span.kind)}
        for position, places in enumerate(found_in_each(source.texts, KnownPhrases(phrases)))
        for span in places
    ]


def _new_at_the_end(texts: Sequence[str], most: int) -> set[str]:
    """Return what a full list says in its last part for the first time."""
    before = most - most // _CIRCLE_SHARE
    return set(texts[before:]) - set(texts[:before]) if len(texts) == most else set()


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
