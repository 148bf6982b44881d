"""Title, summary and detailed summary: free text over the whole recording, without references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import InvalidReply, checked, parsed, sentences, summary_of, title_of
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

TITLE_CHARACTERS = 110
SUMMARY_CHARACTERS = 800
DETAILED_SUMMARY_CHARACTERS = 2_000

_TITLE_TOKENS = 80
SUMMARY_TOKENS = 400
_DETAILED_SUMMARY_TOKENS = 800
"""Room for the answers, in tokens: the characters at two and a half to a token, which French needs in small models."""

_CONTEXT_SHARE = 3


class Title(Shape):
    title: Annotated[str, Field(min_length=3, max_length=TITLE_CHARACTERS)]


class Summary(Shape):
    summary: Annotated[str, Field(min_length=20, max_length=SUMMARY_CHARACTERS)]


class DetailedSummary(Shape):
    detailed_summary: Annotated[str, Field(min_length=60, max_length=DETAILED_SUMMARY_CHARACTERS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText(Question):
    """One text. Of a summary the sentences with numbers or names that are nowhere in the transcript are taken out."""

    shape: type[Shape]
    characters: int
    tokens: int

    keeps: ClassVar[Any] = str

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        del passages
        return json_schema(self.shape)

    def answer_tokens(self, context_tokens: int) -> int:
        return min(self.tokens, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        raw = getattr(parsed(reply, self.shape), self.name)
        cut = not reply.complete or len(raw) >= self.characters
        dropped = 0
        if self.name == EnrichmentTask.TITLE:
            text = title_of(raw, shown.told, cut=cut)
            if not shown.source.has_numbers_of(text):
                raise InvalidReply("the title has a number that the transcript has not")
        else:
            whole = sentences(summary_of(raw, shown.told, cut=cut), cut=False)
            supported = [sentence for sentence in whole if shown.source.is_supported(sentence)]
            dropped = len(whole) - len(supported)
            text = " ".join(supported)
            if not text:
                raise InvalidReply(
                    f"every sentence of the {self.name} has a number or a name that the transcript has not"
                )
        checked({self.name: text}, self.shape)
        return Kept(text, dropped)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        del source
        return {"text": parts[0].value}


TITLE = FreeText(
    name=EnrichmentTask.TITLE,
    scope=Scope.WHOLE,
    numbered=False,
    instructions={
        "en": "Write a title for this recording: one short phrase that names its subject.",
        "fr": "Donne un titre à cet enregistrement : une courte expression qui nomme son sujet.",
    },
    shape=Title,
    characters=TITLE_CHARACTERS,
    tokens=_TITLE_TOKENS,
)

SUMMARY = FreeText(
    name=EnrichmentTask.SUMMARY,
    scope=Scope.WHOLE,
    numbered=False,
    instructions={
        "en": "Summarize this recording in two to four sentences.",
        "fr": "Résume cet enregistrement en deux à quatre phrases.",
    },
    shape=Summary,
    characters=SUMMARY_CHARACTERS,
    tokens=SUMMARY_TOKENS,
)

DETAILED_SUMMARY = FreeText(
    name=EnrichmentTask.DETAILED_SUMMARY,
    scope=Scope.WHOLE,
    numbered=False,
    instructions={
        "en": (
            "Write a detailed summary of this recording, six to twelve sentences: its subjects in their order, who says"
            " what, with the names, the figures and the results."
        ),
        "fr": (
            "Rédige un résumé détaillé de cet enregistrement, six à douze phrases : les sujets dans leur ordre, qui dit"
            " quoi, avec les noms, les chiffres et les résultats."
        ),
    },
    shape=DetailedSummary,
    characters=DETAILED_SUMMARY_CHARACTERS,
    tokens=_DETAILED_SUMMARY_TOKENS,
)
