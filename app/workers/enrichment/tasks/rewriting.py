"""The text written anew, segment by segment: corrected, or translated. Times and speakers stay with the segments.

A few lines are read at a time, and exactly as many must be written: so none is lost, and each stays with its segment. What
drifts too far from what was said is rejected, segment by segment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import create_model

from app.core.languages import LANGUAGE_NAMES
from app.core.options import EnrichmentTask
from app.workers.enrichment.answers import InvalidReply, clean, is_loop, parsed
from app.workers.enrichment.drift import drifts, translation_fault
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks.task import Kept, Languages, Question, Scope, Shape, Shown

MAX_LINES = 8
_CORRECTED_TOKENS_A_HUNDRED = 150
_TRANSLATED_TOKENS_A_HUNDRED = 220
"""Of a text that small models' vocabularies know badly, twice as many tokens come as were read."""

_ROOM_CHARACTERS = 30

_FRENCH_NAMES = {
    "ar": "arabe", "de": "allemand", "en": "anglais", "es": "espagnol", "fr": "français", "it": "italien",
    "ja": "japonais", "nl": "néerlandais", "pl": "polonais", "pt": "portugais", "ru": "russe", "uk": "ukrainien",
    "zh": "chinois",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting(Question):
    """`fault` says why a segment is not taken as it was rewritten; `longer` is how much longer it may be."""

    fault: Callable[[str, str], str | None]
    longer: float
    tokens_a_hundred: int
    keeps: ClassVar[Any] = list[tuple[int, str | None]]

    def instruction(self, languages: Languages) -> str:
        return self.instructions[languages.instructions].replace("{language}", _named(languages))

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        longest = max((len(passage.text) for passage in passages), default=1)
        items = {"type": "string", "minLength": 1, "maxLength": int(longest * self.longer) + _ROOM_CHARACTERS}
        count = len(passages)
        lines = {"type": "array", "items": items, "minItems": count, "maxItems": count}
        return {"type": "object", "properties": {self.name: lines}, "required": [self.name]}

    def answer_tokens(self, context_tokens: int) -> int:
        del context_tokens
        return self.tokens_a_hundred

    def read(self, reply: Reply, shown: Shown) -> Kept:
        texts = getattr(parsed(reply, _SHAPES[self.name]), self.name)
        if len(texts) > len(shown.passages) or (reply.complete and len(texts) < len(shown.passages)):
            raise InvalidReply(f"{len(texts)} lines were written for {len(shown.passages)}")
        kept = []
        for index, passage in enumerate(shown.passages):
            # Of an answer that was cut off the last line is not whole.
            whole = index < len(texts) - (0 if reply.complete else 1)
            text = clean(texts[index]) if whole else ""
            loops = is_loop(text) and not is_loop(passage.text)
            fit = bool(text) and not loops and self.fault(passage.text, text) is None
            kept.append((passage.segments[0], text if fit else None))
        if all(text is None for _, text in kept):
            raise InvalidReply("every line drifts too far from what was said")
        return Kept(kept)

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        """Join the pieces of segments that were too long to be read at once; one piece rejected rejects its segment."""
        pieces: dict[int, list[str | None]] = {}
        for position, text in (item for part in parts for item in part.value):
            pieces.setdefault(position, []).append(text)
        whole = {
            position: " ".join(text for text in texts if text)
            for position, texts in pieces.items()
            if None not in texts
        }
        if not whole:
            raise InvalidReply("every segment drifts too far from what was said")
        spoken = sum(1 for text in source.texts if text.strip())
        return {
            "segments": [{"segment": position, "text": text} for position, text in sorted(whole.items())],
            "rejected": spoken - len(whole),
        }


def nothing_of(passages: Sequence[Passage]) -> Kept:
    """Return what is kept where nothing written for these lines was usable."""
    return Kept([(passage.segments[0], None) for passage in passages])


def is_nothing(part: Kept) -> bool:
    """Tell whether a part of the text written anew has none of its lines."""
    return all(text is None for _, text in part.value)


def _named(languages: Languages) -> str:
    code = languages.translation or "en"
    if languages.instructions == "fr":
        return _FRENCH_NAMES.get(code, LANGUAGE_NAMES.get(code, code))
    return LANGUAGE_NAMES.get(code, code)


def _shape(name: str) -> type[Shape]:
    made: type[Shape] = create_model(name.title(), __base__=Shape, **{name: (list[str], ...)})  # type: ignore[call-overload]
    return made


_SHAPES: Mapping[str, type[Shape]] = {
    str(name): _shape(name) for name in (EnrichmentTask.CORRECTED, EnrichmentTask.TRANSLATION)
}

CORRECTED = Rewriting(
    name=EnrichmentTask.CORRECTED,
    scope=Scope.LINES,
    numbered=True,
    tries=2,
    instructions={
        "en": (
            "Write each of these lines again with its spelling and punctuation corrected. Change no word that is right,"
            " leave nothing out, add nothing. One text a line, without its number and without the speaker."
        ),
        "fr": (
            "Récris chacune de ces lignes en corrigeant l'orthographe et la ponctuation. Ne change aucun mot juste, n'omets"
            " rien, n'ajoute rien. Un texte par ligne, sans son numéro et sans l'intervenant."
        ),
    },
    fault=drifts,
    longer=1.3,
    tokens_a_hundred=_CORRECTED_TOKENS_A_HUNDRED,
)

TRANSLATION = Rewriting(
    name=EnrichmentTask.TRANSLATION,
    scope=Scope.LINES,
    numbered=True,
    tries=2,
    instructions={
        "en": (
            "Translate each of these lines into {language}. Leave nothing out, add nothing. One text a line, without its"
            " number and without the speaker."
        ),
        "fr": (
            "Traduis chacune de ces lignes en {language}. N'omets rien, n'ajoute rien. Un texte par ligne, sans son numéro"
            " et sans l'intervenant."
        ),
    },
    fault=translation_fault,
    longer=2.0,
    tokens_a_hundred=_TRANSLATED_TOKENS_A_HUNDRED,
)
