"""Answers questions from what was said: the model quotes and then answers, and what it quotes is looked for.

A small model answers whatever it is asked. What it cannot do is to have its quotes stand in the transcript where they do
not: an answer none of whose quotes stands there is none, nor is one whose quotes have nothing to do with the question.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.answerability import Fit, fit
from app.core.questions import Passage, Source, sources_of
from app.core.sentences import is_ended, sentences_of
from app.workers.context import Checkpoint
from app.workers.enrichment.engine import LanguageModel, Reply, Sampling
from app.workers.enrichment.errors import ContextTooSmall
from app.workers.enrichment.question_prompts import QUESTION_PROMPT_VERSION, QuestionWording, question_wording

TRIES = (Sampling(may_repeat=True), Sampling(0.6, seed=1, may_repeat=True))
"""The likeliest answer first; seeds are fixed so that a job that runs twice says the same."""

ANSWER_CHARACTERS = 400
QUOTE_CHARACTERS = 200
MAX_QUOTES = 3
MAX_SENTENCES = 3
MAX_TOKENS = 320
STAGE = "answering"

_LEAST_CHARACTERS = 2
_JUDGED_QUOTES = 2
_JUDGEMENT_TOKENS = 16
_LEAST_ROOM = 128
_TEXT = r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*'
_ANSWER_SO_FAR = re.compile(
    rf'\s*\{{\s*"quotes"\s*:\s*\[(?:\s*"{_TEXT}"\s*,?)*\s*\]\s*,\s*"answer"\s*:\s*"({_TEXT})', re.DOTALL
)
_ENDINGS = ('"}', "}")
_SAYS_NOTHING = re.compile(
    r"\s*(?:the |this )?(?:recording|transcript|transcription|text|passage)s? (?:does|do) ?n[o'’]t (?:say|mention|tell|contain|state)"
    r"|\s*(?:cet(?:te)? |la |le |l['’] ?)?(?:enregistrement|transcription|texte|passage) ne (?:le |la |l['’] ?)?"
    r"(?:dit|mentionne|pr[eé]cise|contient|indique) (?:pas|rien)",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


Fits = Callable[[str, Sequence[int], Sequence[Passage]], Fit]
"""Tells whether the passages at some indices answer a question, of those that were shown."""


class WrittenAnswer(BaseModel):
    """What the model writes: the sentences that answer the question, then the answer, which has them before its eyes."""

    model_config = ConfigDict(extra="forbid")

    quotes: Annotated[
        list[Annotated[str, Field(min_length=8, max_length=QUOTE_CHARACTERS)]],
        Field(min_length=1, max_length=MAX_QUOTES),
    ]
    answer: Annotated[str, Field(min_length=_LEAST_CHARACTERS, max_length=ANSWER_CHARACTERS)]

    @property
    def sentences(self) -> list[str]:
        """What is quoted, sentence by sentence: beside a true one a made-up one falls."""
        return [sentence for quote in self.quotes for sentence in sentences_of(quote)]

    def text(self, *, cut: bool) -> str:
        """Return the first sentences of the answer, each once; of one that was cut off those that end."""
        sentences = list(dict.fromkeys(sentences_of(_clean(self.answer))))
        if (cut or len(self.answer) >= ANSWER_CHARACTERS) and len(sentences) > 1 and not is_ended(sentences[-1]):
            sentences.pop()
        return " ".join(sentences[:MAX_SENTENCES])


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "quotes": {
            "type": "array",
            "items": {"type": "string", "minLength": 8, "maxLength": QUOTE_CHARACTERS},
            "minItems": 1,
            "maxItems": MAX_QUOTES,
        },
        "answer": {"type": "string", "minLength": _LEAST_CHARACTERS, "maxLength": ANSWER_CHARACTERS},
    },
    "required": ["quotes", "answer"],
    "additionalProperties": False,
}


class Questioner:
    """Answers with whatever model `load` returns for a name (None: the site's). Not for several threads at once.

    `fits` tells whether what was quoted is the answer.
    """

    def __init__(self, load: Callable[[str | None], LanguageModel], *, fits: Fits = fit) -> None:
        self._load = load
        self._fits = fits

    def answer(
        self,
        question: str,
        passages: Sequence[Passage],
        language: str | None,
        model: str | None,
        context: Checkpoint,
    ) -> dict[str, object]:
        """Return the answer to a question, from the passages (in order) and nothing else.

        `text`, `found`, `sources` (each `transcription`, `segment`, `quote`), the sentence `not_found`, `segments_read` of
        `segments`, and where it comes from. `context` is told what is written so far. Raises what `load` and `context`
        raise, and `ContextTooSmall`.
        """
        begun = time.monotonic()
        context.report("loading-model", 0.0)
        wording = question_wording(language)
        run = _Run(self._load(model), wording, question, context, self._fits)
        loaded = time.monotonic()
        read = chosen(passages, run.cost, run.room())
        text, sources = run.ask(read) if read else (wording.not_said, [])
        seconds = {"loading": loaded - begun, "answering": time.monotonic() - loaded}
        return {
            "text": text,
            "found": bool(sources),
            "sources": [
                {name: source.to_dict()[name] for name in ("transcription", "segment", "quote")} for source in sources
            ],
            "not_found": wording.not_said,
            "segments_read": len(read),
            "segments": len(passages),
            **run.provenance(),
            "seconds": {step: round(spent, 3) for step, spent in seconds.items()},
        }


class _Run:
    """One question's way to its answer."""

    def __init__(
        self, model: LanguageModel, wording: QuestionWording, question: str, context: Checkpoint, fits: Fits
    ) -> None:
        self._model = model
        self._fits = fits
        self._wording = wording
        self._question = question
        self._context = context
        self._tokens = {"evaluated": 0, "reused": 0, "generated": 0}
        self._seed = TRIES[0].seed
        self._done = 0.0

    def room(self) -> int:
        """Return how many tokens of passages fit beside the question and its answer. Raises `ContextTooSmall`."""
        bare = self._model.count_prompt_tokens(self._wording.prompt(self._question, ()))
        room = self._model.context_tokens - bare - MAX_TOKENS
        if room < _LEAST_ROOM:
            raise ContextTooSmall(
                f"The question leaves room for {max(room, 0)} tokens of what was said in the context of"
                f" {self._model.name}, and {_LEAST_ROOM} are needed.",
                remedy="Ask a shorter question, or choose a model with a larger context.",
            )
        return room

    def cost(self, passage: Passage, *, heads: bool) -> int:
        """Return what a passage takes at most: a line, a mark before it, and the heading where it is a recording's first."""
        line = self._model.count_tokens(f"[…]\n{self._wording.line(passage)}\n") + 1
        # Two fences beside the heading.
        return line + (self._model.count_tokens(f"{self._wording.heading(passage)}\n") + 10 if heads else 0)

    def ask(self, passages: Sequence[Passage]) -> tuple[str, list[Source]]:
        """Return the answer and what it rests on; without sources where none of the tries has any that holds."""
        prompt = self._wording.prompt(self._question, passages)
        for sampling in TRIES:
            reply = self._model.answer(
                prompt, SCHEMA, sampling, max_tokens=MAX_TOKENS, tick=self._tick, listen=self._listen
            )
            self._count(reply)
            self._seed = sampling.seed
            written = read_answer(reply)
            if written is None:
                logger.info("Asked again: the answer is not of the shape that was asked for.")
                continue
            if self._says_nothing(written.answer):
                break
            # Some models write what stands there into the answer, and nothing of use into the quotes.
            sources = sources_of([*written.sentences, *sentences_of(written.answer)], passages)
            if not sources:
                logger.info("Asked again: nothing that was quoted stands in what was said.")
            elif not self._is_answered_by(sources, passages):
                logger.info("Asked again: what was quoted does not answer the question.")
            else:
                return written.text(cut=not reply.complete), sources
        return self._wording.not_said, []

    def _is_answered_by(self, sources: Sequence[Source], passages: Sequence[Passage]) -> bool:
        """Tell whether what was quoted answers the question: by code, and where that cannot tell by asking the model.

        It is asked twice, the second time the other way round. A small model may say yes to both: then it has no opinion.
        """
        found = self._fits(self._question, _places(sources, passages), passages)
        if found is not Fit.UNSURE:
            return found is Fit.YES
        quotes = [source.quote for source in sources[:_JUDGED_QUOTES]]
        yes, no = self._wording.yes, self._wording.no
        schema = {
            "type": "object",
            "properties": {"answer": {"type": "string", "enum": [yes, no]}},
            "required": ["answer"],
            "additionalProperties": False,
        }
        said = []
        for left_open in (False, True):
            prompt = self._wording.judging(self._question, passages, quotes, left_open=left_open)
            reply = self._model.answer(prompt, schema, TRIES[0], max_tokens=_JUDGEMENT_TOKENS, tick=self._tick)
            self._count(reply)
            said.append(reply.text)
        return f'"{yes}"' in said[0] and f'"{no}"' in said[1]

    def provenance(self) -> dict[str, object]:
        return {
            "model": self._model.name,
            "prompt_version": QUESTION_PROMPT_VERSION,
            "seed": self._seed,
            "tokens": self._tokens,
        }

    def _says_nothing(self, answer: str) -> bool:
        """Tell whether the answer is the sentence that it is not there, or says so in other words."""
        asked_for = _words(self._wording.not_said)
        return _words(answer)[: len(asked_for)] == asked_for or _SAYS_NOTHING.match(answer) is not None

    def _tick(self, done: float) -> None:
        self._context.checkpoint()
        self._done = done

    def _listen(self, written: str) -> None:
        self._context.report(STAGE, 100.0 * self._done, answers={"text": answer_so_far(written)})

    def _count(self, reply: Reply) -> None:
        self._tokens["evaluated"] += reply.evaluated_tokens
        self._tokens["reused"] += reply.reused_tokens
        self._tokens["generated"] += reply.generated_tokens


def chosen(passages: Sequence[Passage], cost: Callable[..., int], room: int) -> list[Passage]:
    """Return those of the passages that fit into so many tokens, the best of them, in their order."""
    kept: list[int] = []
    recordings: set[str] = set()
    for index, passage in sorted(enumerate(passages), key=lambda each: (-each[1].weight, each[0])):
        if not passage.text.strip():
            continue
        spent = cost(passage, heads=passage.transcription not in recordings)
        if spent > room:
            continue
        room -= spent
        recordings.add(passage.transcription)
        kept.append(index)
    return [passages[index] for index in sorted(kept)]


def _places(sources: Sequence[Source], passages: Sequence[Passage]) -> list[int]:
    """Return which of the passages hold the quotes."""
    quoted = {(source.transcription, source.segment) for source in sources}
    return [index for index, passage in enumerate(passages) if (passage.transcription, passage.segment) in quoted]


def read_answer(reply: Reply) -> WrittenAnswer | None:
    """Return what the model wrote; of an answer that was cut off, what is whole of it. None where there is none."""
    for ending in ("",) if reply.complete else _ENDINGS:
        try:
            return WrittenAnswer.model_validate(json.loads(reply.text + ending, strict=False))
        except (ValueError, ValidationError, RecursionError):
            continue
    return None


def answer_so_far(written: str) -> str:
    """Return as much of the answer's text as stands in the beginning of a reply."""
    found = _ANSWER_SO_FAR.match(written)
    if found is None:
        return ""
    try:
        text = json.loads(f'"{found[1]}"', strict=False)
    except ValueError:
        return ""
    return _clean(str(text))


def _clean(text: str) -> str:
    """Return the text on one line, without control characters and halves of characters."""
    whole = text.encode("utf-8", errors="ignore").decode("utf-8")
    return " ".join("".join(character if character.isprintable() else " " for character in whole).split())


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
