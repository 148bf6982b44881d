"""One transcript's way to its answers: what is read at a time, what is asked of it, and how the parts are joined."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.options import EnrichmentTask
from app.core.task_sets import TaskSet
from app.core.text_version import text_version
from app.core.transcript import Segment
from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.asking import Asker, Inquiry, NoAnswer
from app.workers.enrichment.engine import LanguageModel, Reply, Sampling
from app.workers.enrichment.errors import ContextTooSmall, EnrichmentFailed
from app.workers.enrichment.folding import Passage, Place, Window, fold, in_lines, passages_of, windows
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.progress import Steps
from app.workers.enrichment.prompts import PROMPT_VERSION, Wording
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.custom import Custom
from app.workers.enrichment.tasks.rewriting import MAX_LINES
from app.workers.enrichment.tasks.statements import CITED_POINTS
from app.workers.enrichment.tasks.task import Kept, Languages, Scope, Shown, Task
from app.workers.enrichment.tasks.texts import SUMMARY, SUMMARY_TOKENS

_NOTE_SHARE = 8
"""A note takes at most this part of the context, so that notes are always much shorter than what they note."""

_MOST_LINE_TOKENS = 320
"""Where lines are written anew, so many tokens are read at a time: what is near is what matters."""
_SPARE_TOKENS = 40
_LARGEST_LINE_NUMBER = 999
_NOTES = "notes"

logger = logging.getLogger(__name__)


class Run:
    """The questions to one model about one transcript, and the answers so far."""

    def __init__(
        self,
        model: LanguageModel,
        wording: Wording,
        languages: Languages,
        asked: TaskSet,
        steps: Steps,
        seconds: dict[str, float],
    ) -> None:
        self._model = model
        self._wording = wording
        self._languages = languages
        self._steps = steps
        self._seconds = seconds
        self._asker = Asker(model)
        same_language = languages.answers == languages.spoken or languages.spoken is None
        self._same_language = same_language
        self._tasks = _tasks_of(asked, same_language=same_language)
        self._custom = frozenset(asked.custom)
        self._requests = {
            task.name: asked.prompts.get(_known(task), task.instruction(languages)) for task in self._tasks
        }
        self._numbered = any(task.numbered for task in self._tasks if task.scope is not Scope.LINES)
        self._source = Source(())
        self._parts: dict[str, list[Kept]] = {}
        self._faults: dict[str, list[str]] = {}
        self._sampling: dict[str, list[Sampling]] = {}
        self._answers: dict[str, Any] = {}
        self._failures: dict[str, str] = {}
        self._windows = 0
        self._note_tokens = min(SUMMARY_TOKENS, model.context_tokens // _NOTE_SHARE)

    def work(self, segments: Sequence[Segment]) -> None:
        """Read the transcript, in windows where it is too long, and answer each task."""
        self._source = Source(
            [segment.text for segment in segments],
            [segment.speaker for segment in segments],
            [segment.start for segment in segments],
            [segment.end for segment in segments],
            same_language=self._same_language,
        )
        passages = passages_of(segments)
        if not passages:
            return
        reading, limit = self._tasks_with_room()
        leaves = windows(passages, limit, self._cost) if reading else []
        self._windows = len(leaves)
        rewriting = self._cut_for_rewriting(passages)
        whole = [task for task in reading if task.scope is Scope.WHOLE]
        by_window = [task for task in reading if task.scope is Scope.WINDOWS]
        parts = len(leaves) * (len(by_window) + bool(whole)) if len(leaves) > 1 else len(by_window)
        self._steps.expect(max(parts + len(whole) + sum(len(cut) for cut in rewriting.values()), 1))
        if reading:
            self._read(passages, leaves, limit, whole, by_window)
        self._rewrite(rewriting)
        if not any(answer is not None for answer in self._answers.values()):
            raise EnrichmentFailed(f"{self._model.name}: " + "; ".join(self._failures.values()) + ".")

    def outcome(self) -> dict[str, Any]:
        """Return the answers, and where they come from."""
        return {
            **self._shown_answers(),
            "model": self._model.name,
            "prompt_version": PROMPT_VERSION,
            "text_version": text_version(self._source.texts),
            "languages": {"spoken": self._languages.spoken, "answers": self._languages.answers},
            "requests": self._requests,
            "seconds": {step: round(spent, 3) for step, spent in self._seconds.items()},
            "tokens": self._asker.tokens,
            "windows": self._windows,
            "seeds": {name: drawn[0].seed for name, drawn in self._sampling.items()},
            "sampling": {
                name: [{"temperature": each.temperature, "seed": each.seed} for each in drawn]
                for name, drawn in self._sampling.items()
            },
            "dropped": {
                name: count for name, parts in self._parts.items() if (count := sum(part.dropped for part in parts))
            },
            "personal_phrases": self._personal_phrases(),
            "failures": self._failures,
        }

    def _read(
        self,
        passages: Sequence[Passage],
        leaves: Sequence[Window],
        limit: int,
        whole: Sequence[Task],
        by_window: Sequence[Task],
    ) -> None:
        """Ask every task of what it reads; all questions about one window follow one another."""
        if len(leaves) == 1:
            tasks = [task for task in self._tasks if task in whole or task in by_window]
            self._ask_about(leaves[0], tasks)
            for task in tasks:
                self._finish(task, 1)
            return
        notes = []
        for number, leaf in enumerate(leaves, start=1):
            if whole and not self._faults.get(_NOTES):
                notes += self._noted(leaf, Place(1, number, len(leaves)))
            self._ask_about(leaf, by_window)
        self._read_notes(passages, limit, notes, whole)
        for task in by_window:
            self._finish(task, len(leaves))

    def _read_notes(self, passages: Sequence[Passage], limit: int, notes: Sequence[str], whole: Sequence[Task]) -> None:
        """Ask what is asked of the whole over the notes on its windows, which are noted again until they fit."""
        if whole and not (faults := self._faults.get(_NOTES, [])):
            written = iter(notes)

            def note(window: Window, place: Place) -> str:
                return next(written) if place.level == 1 else self._note(window, place)

            read, _ = fold(passages, limit, self._cost, note)
            self._ask([(task, read) for task in whole], notes=True)
        else:
            self._faults |= {task.name: faults for task in whole}
        for task in whole:
            self._finish(task, 1)

    def _noted(self, window: Window, place: Place) -> list[str]:
        """Return the note on a window; none where the model could not write one, which is kept as a fault."""
        began = time.monotonic()
        try:
            return [self._note(window, place)]
        except EnrichmentFailed as error:
            self._faults[_NOTES] = [error.detail.removesuffix(".")]
            return []
        finally:
            self._seconds["folding"] = self._seconds.get("folding", 0.0) + time.monotonic() - began

    def _rewrite(self, cut: Mapping[str, Sequence[Window]]) -> None:
        tasks = [task for task in self._tasks if task.name in cut]
        # Both tasks about the same lines follow one another: what was read is known then.
        longest = max((len(cut[task.name]) for task in tasks), default=0)
        pieces = [
            (task, cut[task.name][index]) for index in range(longest) for task in tasks if index < len(cut[task.name])
        ]
        self._ask(pieces)
        for task in tasks:
            self._finish(task, len(cut[task.name]))

    def _ask_about(self, leaf: Window, tasks: Sequence[Task]) -> None:
        self._ask([(task, leaf) for task in tasks])

    def _ask(self, asked: Sequence[tuple[Task, Sequence[Passage]]], *, notes: bool = False) -> None:
        """Ask each task of its passages, all of them together, and keep what can be kept of the answers."""
        if not asked:
            return
        began = time.monotonic()
        inquiries = [self._inquiry(task, passages, notes=notes) for task, passages in asked]
        with self._steps.step(*(task.name for task, _ in asked)) as tick:
            answers = self._asker.ask_all(inquiries, tick)
        spent, tokens = time.monotonic() - began, sum(answered.tokens for answered in answers)
        for (task, _), answered in zip(asked, answers, strict=True):
            if answered.value is not None and answered.sampling is not None:
                self._parts.setdefault(task.name, []).append(answered.value)
                self._sampling.setdefault(task.name, []).append(answered.sampling)
            else:
                self._faults.setdefault(task.name, []).append(answered.fault)
                logger.warning("No usable answer.", extra={"fields": {"task": task.name, "reason": answered.fault}})
            # What was worked on at the same time took each of them the part that its tokens are.
            share = spent * answered.tokens / max(tokens, 1)
            self._seconds[task.name] = self._seconds.get(task.name, 0.0) + share

    def _inquiry(self, task: Task, passages: Sequence[Passage], *, notes: bool) -> Inquiry[Kept]:
        rewriting = task.scope is Scope.LINES
        prompt = self._wording.prompt(
            passages,
            self._requests[task.name],
            notes=notes,
            numbered=self._numbered or rewriting,
            rewriting=rewriting,
        )
        shown = Shown(prompt, passages, self._source, self._languages, notes)
        room = self._answer_tokens(task, sum(map(self._cost, passages)))

        def read(reply: Reply) -> Kept:
            return task.read(reply, shown)

        return Inquiry(task.name, prompt, task.schema(passages), room, read, task.tries)

    def _finish(self, task: Task, asked: int) -> None:
        """Join the parts of one task's answer; say what is missing of it."""
        parts, faults = self._parts.get(task.name, []), self._faults.get(task.name, [])
        answer = None
        if parts or task.stands_alone:
            try:
                answer = task.join(parts, self._source)
            except InvalidReply as error:
                faults = [*faults, str(error)]
        if answer is None:
            self._failures[task.name] = f"no usable {task.name}: {faults[-1]}"
        elif faults:
            self._failures[task.name] = f"{len(faults)} of {asked} parts gave nothing usable: {faults[-1]}"
        if answer is not None and task.scope is Scope.LINES:
            translated = task.name == EnrichmentTask.TRANSLATION
            answer = {"language": self._languages.translation if translated else self._languages.spoken, **answer}
        self._answers[task.name] = answer
        self._steps.finished(task.name, self._shown_answers())

    def _shown_answers(self) -> dict[str, Any]:
        """Return the answers as they are stored: three of them twice, as they always were and as all are now."""
        answers = {name: answer for name, answer in self._answers.items() if name not in self._custom}
        own = {name: self._answers[name] for name in self._answers if name in self._custom}
        shown: dict[str, Any] = {}
        for name in (EnrichmentTask.TITLE, EnrichmentTask.SUMMARY):
            if name in answers:
                shown[str(name)] = answers[name] and answers[name]["text"]
        if EnrichmentTask.POINTS in answers:
            points = answers[EnrichmentTask.POINTS]
            shown["points"] = points and [point["text"] for point in points]
        return {**shown, "answers": answers | ({"custom": own} if own else {})}

    def _personal_phrases(self) -> list[dict[str, str]]:
        """Return what only the model could find of personal data: texts that were corrected since are searched by it."""
        found = self._answers.get(EnrichmentTask.PERSONAL_DATA) or []
        phrases = {
            (self._source.texts[place["segment"]][place["start"] : place["end"]], place["kind"])
            for place in found
            if place["kind"] in {"name", "address"}
        }
        return [{"text": text, "kind": kind} for text, kind in sorted(phrases)]

    def _tasks_with_room(self) -> tuple[list[Task], int]:
        """Return the tasks whose instruction leaves room for a transcript, and that room in tokens.

        All tasks read the same material, so that the model reads it once; the longest instruction decides on its length.
        """
        reading = [task for task in self._tasks if task.scope is not Scope.LINES]
        rooms = {task.name: self._room(task) for task in reading}
        part_room = self._room_beside(self._wording.part, self._note_tokens)
        least = max(part_room // 2, 1)
        for name, room in rooms.items():
            if room < least:
                self._fail(name, room, least)
        kept = [task for task in reading if task.name not in self._failures]
        if not kept and len(reading) == len(self._tasks):
            raise ContextTooSmall(f"{self._model.name}: " + "; ".join(self._failures.values()) + ".")
        return kept, min([part_room, *(rooms[task.name] for task in kept)])

    def _cut_for_rewriting(self, passages: Sequence[Passage]) -> dict[str, list[Window]]:
        """Return the lines that each task which writes them anew reads at a time."""
        cut = {}
        for task in self._tasks:
            if task.scope is Scope.LINES:
                beside = self._room_beside(self._requests[task.name], _SPARE_TOKENS, rewriting=True)
                room = int(beside / (1 + task.answer_tokens(self._model.context_tokens) / 100))
                if room < _SPARE_TOKENS:
                    self._fail(task.name, room, _SPARE_TOKENS)
                else:
                    cut[task.name] = in_lines(windows(passages, min(room, _MOST_LINE_TOKENS), self._cost), MAX_LINES)
        return cut

    def _fail(self, name: str, room: int, least: int) -> None:
        self._failures[name] = (
            f"the prompt for {name} leaves room for {max(room, 0)} tokens of transcript, and {least} are needed"
        )
        self._answers[name] = None

    def _room(self, task: Task) -> int:
        return self._room_beside(self._requests[task.name], task.answer_tokens(self._model.context_tokens))

    def _room_beside(self, request: str, answer_tokens: int, *, rewriting: bool = False) -> int:
        """Return how many tokens of material fit beside the request and its answer."""
        bare = max(
            self._model.count_prompt_tokens(
                self._wording.prompt((), request, notes=notes, numbered=numbered, rewriting=rewriting)
            )
            for notes in (False, True)
            for numbered in (False, True)
        )
        return self._model.context_tokens - bare - answer_tokens

    def _answer_tokens(self, task: Task, read_tokens: int) -> int:
        tokens = task.answer_tokens(self._model.context_tokens)
        return int(read_tokens * tokens / 100) + _SPARE_TOKENS if task.scope is Scope.LINES else tokens

    def _cost(self, passage: Passage) -> int:
        """Return what a passage takes at most: as a line of its own with its number and the speaker's name before it."""
        number = f"[{_LARGEST_LINE_NUMBER}] " if self._numbered or self._rewrites else ""
        return self._model.count_tokens(f"{number}{self._wording.written((passage,))}\n") + 1

    @property
    def _rewrites(self) -> bool:
        return any(task.scope is Scope.LINES for task in self._tasks)

    def _note(self, window: Window, place: Place) -> str:
        prompt = self._wording.prompt(window, self._wording.part, notes=place.level > 1, numbered=self._numbered)
        shown = Shown(prompt, window, self._source, self._languages, place.level > 1)

        def read(reply: Reply) -> Kept:
            return SUMMARY.read(reply, shown)

        inquiry = Inquiry("summary", prompt, SUMMARY.schema(window), self._note_tokens, read)
        with self._steps.step("summary", counted=place.level == 1) as tick:
            try:
                note, _ = self._asker.ask(inquiry, tick)
            except NoAnswer as error:
                raise EnrichmentFailed(
                    f"{self._model.name} could not note down part {place.number} of {place.total} of the transcript:"
                    f" {error}."
                ) from error
        return str(note.value)


def _tasks_of(asked: TaskSet, *, same_language: bool) -> list[Task]:
    """Return the tasks of the catalogue that are asked for, and the project's own."""
    chosen = {**CATALOGUE, EnrichmentTask.POINTS: CATALOGUE[EnrichmentTask.POINTS] if same_language else CITED_POINTS}
    return [*(chosen[task] for task in asked.tasks), *(Custom(name, task) for name, task in asked.custom.items())]


def _known(task: Task) -> Any:
    return EnrichmentTask(task.name) if task.name in set(EnrichmentTask) else None
