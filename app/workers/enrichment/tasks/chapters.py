"""Chapters: where the subject changes. They follow one another without a gap, from the first word to the last."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.options import EnrichmentTask
from app.core.sentences import clauses_of
from app.workers.enrichment.answers import InvalidReply, clean, parsed
from app.workers.enrichment.engine import Reply
from app.workers.enrichment.folding import Passage
from app.workers.enrichment.grounding import Source, content_stems
from app.workers.enrichment.tasks.task import Kept, Question, Scope, Shape, Shown, json_schema

TITLE_CHARACTERS = 80
MAX_CHAPTERS = 8
_CHAPTER_TOKENS = 400
_CONTEXT_SHARE = 4
_LEAST_CHARACTERS = 3
_MOST_WORDS = 12
_SPEAKER = re.compile(r"^[^\W\d_][\w .'-]{0,40}\w: ")
_LINES_A_CHAPTER = 4
"""Shorter ones are no chapters: so many lines at least, on average, of what was read."""


class Chapter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    line: Annotated[int, Field(ge=1)]
    title: Annotated[str, Field(max_length=TITLE_CHARACTERS, json_schema_extra={"minLength": _LEAST_CHARACTERS})]


class Chapters(Shape):
    chapters: Annotated[list[Chapter], Field(min_length=1, max_length=MAX_CHAPTERS)]


@dataclass(frozen=True, slots=True)
class Begun:
    """A chapter from its first segment on; it ends where the next one begins."""

    title: str
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterList(Question):
    """A title must have a word of its chapter; one without is dropped, and the chapter belongs to the one before."""

    keeps: ClassVar[Any] = list[Begun]

    def schema(self, passages: Sequence[Passage]) -> Mapping[str, Any]:
        schema = json_schema(Chapters, lines=len(passages))
        most = max(1, min(MAX_CHAPTERS, len(passages) // _LINES_A_CHAPTER))
        schema["properties"]["chapters"]["maxItems"] = most
        return schema

    def answer_tokens(self, context_tokens: int) -> int:
        return min(_CHAPTER_TOKENS, context_tokens // _CONTEXT_SHARE)

    def read(self, reply: Reply, shown: Shown) -> Kept:
        told = shown.told
        by_first: dict[int, str] = {}
        for item in sorted(parsed(reply, Chapters).chapters, key=lambda chapter: chapter.line):
            title = _short(clean(item.title), cut=len(item.title) >= TITLE_CHARACTERS)
            cited = shown.cited(item.line)
            if cited and len(title) >= _LEAST_CHARACTERS and not told.is_echoed_by(title):
                by_first.setdefault(cited[0], title)
        begun = [Begun(title, first) for first, title in sorted(by_first.items())]
        kept = [chapter for chapter, end in _with_ends(begun, shown) if _is_about(chapter, end, shown)]
        if not kept:
            raise InvalidReply("no chapter has a title with a word of what is said in it")
        # What comes before the first one that was found belongs to it.
        kept[0] = Begun(kept[0].title, shown.segments[0])
        return Kept(kept, len(begun) - len(kept))

    def join(self, parts: Sequence[Kept], source: Source) -> Any:
        begun: list[Begun] = []
        for chapter in (chapter for part in parts for chapter in part.value):
            if begun and set(content_stems(begun[-1].title)) == set(content_stems(chapter.title)):
                continue  # the chapter goes on in the next window
            begun.append(chapter)
        if begun:
            begun[0] = Begun(begun[0].title, 0)
        lasts = [*(chapter.first - 1 for chapter in begun[1:]), len(source) - 1]
        return [
            {
                "title": chapter.title,
                "start": source.start_of([chapter.first]),
                "end": source.end_of([last]),
                "segments": [chapter.first, last],
            }
            for chapter, last in zip(begun, lasts, strict=False)
        ]


def _short(raw: str, *, cut: bool) -> str:
    """Return a title without a speaker's name before it; of a whole line that was copied, what its first comma ends."""
    text = _SPEAKER.sub("", raw)
    first = next(iter(clauses_of(text)), "")
    if not cut and len(text.split()) <= _MOST_WORDS:
        first = text
    return first.strip("\"'“”«» .:") if len(first.split()) <= _MOST_WORDS and (not cut or first != text) else ""


def _with_ends(begun: Sequence[Begun], shown: Shown) -> list[tuple[Begun, int]]:
    """Return each chapter with the segment after its last one, among those that were shown."""
    ends = [*(chapter.first for chapter in begun[1:]), shown.segments[-1] + 1]
    return [(chapter, ends[index]) for index, chapter in enumerate(begun)]


def _is_about(chapter: Begun, end: int, shown: Shown) -> bool:
    source = shown.source
    if not source.has_numbers_of(chapter.title):
        return False
    if not source.same_language:
        return True
    said = {known for position in range(chapter.first, end) for known in content_stems(source.texts[position])}
    return bool(said & set(content_stems(chapter.title)))


CHAPTERS = ChapterList(
    name=EnrichmentTask.CHAPTERS,
    scope=Scope.WINDOWS,
    numbered=True,
    instructions={
        "en": (
            "Divide this into chapters, one for each subject: for each the number of the line with which it begins, and a"
            " title of two to six words from the transcript."
        ),
        "fr": (
            "Divise ceci en chapitres, un par sujet : pour chacun le numéro de la ligne où il commence, et un titre de deux"
            " à six mots de la transcription."
        ),
    },
)
