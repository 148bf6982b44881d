"""What is asked of a transcript: all of it by one job, or an excerpt by each of several, and the notes on all of them."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.task_sets import TaskSet
from app.core.text_version import text_version
from app.core.transcript import Segment
from app.workers.enrichment.asking import Answered, Asker, Inquiry
from app.workers.enrichment.engine import LanguageModel, Reply
from app.workers.enrichment.excerpts import Excerpt, Plan
from app.workers.enrichment.findings import Findings
from app.workers.enrichment.folding import Passage, Place, Window, check_shrunk, fold, passages_of, segments_of, windows
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.joining import Answers
from app.workers.enrichment.progress import Steps
from app.workers.enrichment.prompts import PROMPT_VERSION, Wording
from app.workers.enrichment.rooms import Rooms
from app.workers.enrichment.tasks.rewriting import nothing_of
from app.workers.enrichment.tasks.task import Kept, Languages, Scope, Shown, Task
from app.workers.enrichment.tasks.texts import SUMMARY

_NOTES = "notes"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """One of several that are asked together, what `keep`s what came of it, and the step whose seconds it takes."""

    inquiry: Inquiry[Kept]
    keep: Callable[[Answered[Kept]], None]
    counts_as: str


class _NoNotes(Exception):
    """There are none on some of it, so that nothing can be asked of the whole."""


class Run(Rooms):
    """The questions to one model about one transcript, and what it found so far.

    One job does it all with `plan` and `work_by`. Where several share it out, each begins with `resume`, by the plan that
    the first one made, and hands on what it `found`.
    """

    def __init__(
        self,
        model: LanguageModel,
        wording: Wording,
        languages: Languages,
        asked: TaskSet,
        segments: Sequence[Segment],
        steps: Steps,
    ) -> None:
        super().__init__(model, wording, languages, asked)
        self._steps = steps
        self._asker = Asker(model)
        self._source = Source(
            [segment.text for segment in segments],
            [segment.speaker for segment in segments],
            [segment.start for segment in segments],
            [segment.end for segment in segments],
            same_language=self._same_language,
        )
        self.passages = passages_of(segments)
        self.found = Findings(tokens=self._asker.tokens)
        # What questions fill.
        self._parts, self._faults, self._sampling = self.found.kept, self.found.faults, self.found.sampling
        self._seconds = self.found.seconds
        self._answers = Answers(self.found, self._source, languages, asked.custom)
        self._windows = 0
        self._limit = 0

    @property
    def tasks(self) -> Sequence[Task]:
        """What is asked for."""
        return self._tasks

    @property
    def model_name(self) -> str:
        """The name of the model that is asked."""
        return self._model.name

    def plan(self) -> Plan:
        """Cut the transcript into what is read at a time. Raises `ContextTooSmall`."""
        if not self.passages:
            return Plan((), {}, {})
        reading, self._limit = self._tasks_with_room()
        leaves = windows(self.passages, self._limit, self._cost) if reading else []
        lines = {task.name: self._in_blocks(task, self.passages) for task in self._line_tasks_with_room()}
        return Plan(leaves, lines, dict(self._failures))

    def resume(self, windows_planned: int, failures: Mapping[str, str]) -> None:
        """Go on by a plan of another worker, with so many windows, and tasks that have no room."""
        self._windows = windows_planned
        self._failures.update(failures)
        self._answers.fail(failures)

    def work_by(self, plan: Plan) -> None:
        """Read all of the transcript and answer each task. Raises `EnrichmentFailed` where none succeeded."""
        self._windows = len(plan.windows)
        self._answers.fail(plan.failures)
        lines = {name: tuple(cut) for name, cut in plan.lines.items()}
        self._steps.expect(self._steps_of(len(plan.windows), lines, folding=True))
        if plan.windows:
            self._read_all(plan.windows)
        self._rewrite(lines)
        self._finish(task for task in self._tasks if task.name in lines)
        self._answers.check(self._model.name)

    def read(self, excerpt: Excerpt) -> None:
        """Ask about an excerpt of a plan; where it is all that is read, of the whole, too."""
        alone = bool(excerpt.windows) and self._windows == 1
        if excerpt.windows:
            self._learn_room(self._tasks if alone else self._by_window)
        leaves = [leaf for window in excerpt.windows for leaf in self._fitting(window)]
        if excerpt.lines:
            self._learn_line_room()
        lines = {
            task.name: [block for cut in excerpt.lines[task.name] for block in self._in_blocks(task, cut)]
            for task in self._tasks
            if task.name in excerpt.lines and task.name not in self._failures
        }
        self._steps.expect(self._steps_of(len(leaves), lines, folding=alone))
        if alone:
            self._read_all(leaves)
        elif leaves:
            self._read(leaves, first=excerpt.first)
        self._rewrite(lines)

    def fold(self) -> None:
        """Ask what is asked of the whole over the notes on all windows: what was found in them has been added."""
        self._learn_room(self._whole)
        self._steps.expect(max(len(self._whole), 1))
        # These need nothing further, and people wait for them.
        self._finish(self._by_window)
        self._read_notes(self.found.notes)
        self._finish(self._whole)

    def join(self) -> None:
        """Join what all jobs found: it has been added. Raises `EnrichmentFailed` where no task succeeded."""
        self._finish(self._tasks)
        self._answers.check(self._model.name)

    def outcome(self) -> dict[str, Any]:
        """Return the answers, and where they come from."""
        found = self.found
        return {
            **self._answers.shown(),
            "model": self._model.name,
            "prompt_version": PROMPT_VERSION,
            "text_version": text_version(self._source.texts),
            "languages": {"spoken": self._languages.spoken, "answers": self._languages.answers},
            "requests": self._requests,
            "seconds": {step: round(spent, 3) for step, spent in found.seconds.items()},
            "tokens": found.tokens,
            "windows": self._windows,
            "seeds": {name: drawn[0].seed for name, drawn in found.sampling.items()},
            "sampling": {
                name: [{"temperature": each.temperature, "seed": each.seed} for each in drawn]
                for name, drawn in found.sampling.items()
            },
            "dropped": {
                name: count for name, parts in found.kept.items() if (count := sum(part.dropped for part in parts))
            },
            "personal_phrases": self._answers.personal_phrases(),
            "failures": self._answers.failures,
        }

    @property
    def _whole(self) -> list[Task]:
        return [task for task in self._tasks if task.scope is Scope.WHOLE and task.name not in self._failures]

    @property
    def _by_window(self) -> list[Task]:
        return [task for task in self._tasks if task.scope is Scope.WINDOWS and task.name not in self._failures]

    def _learn_room(self, tasks: Sequence[Task]) -> None:
        """See how much can be read here: less, maybe, than where the text was cut, and than some of the tasks need."""
        planned = set(self._failures)
        _, self._limit = self._tasks_with_room()
        self._note_faults({task.name for task in tasks} & self._failures.keys() - planned)

    def _learn_line_room(self) -> None:
        planned = set(self._failures)
        self._line_tasks_with_room()
        self._note_faults(self._failures.keys() - planned)

    def _note_faults(self, names: Iterable[str]) -> None:
        for name in names:
            self._faults.setdefault(name, []).append(self._failures[name])

    def _fitting(self, window: Window) -> list[Window]:
        """Return the window as it is where it fits; a worker that has less room than the one that cut it cuts it again."""
        return [window] if sum(map(self._cost, window)) <= self._limit else windows(window, self._limit, self._cost)

    def _steps_of(self, leaves: int, lines: Mapping[str, Sequence[Window]], *, folding: bool) -> int:
        by_window, whole = len(self._by_window), len(self._whole)
        asked = leaves * (by_window + (bool(whole) and not (folding and leaves == 1)))
        asked += whole if folding and leaves else 0
        return max(asked + sum(len(cut) for cut in lines.values()), 1)

    def _finish(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            if task.name not in self._answers.failures or self.found.kept.get(task.name):
                self._answers.finish(task)
                self._steps.finished(task.name, self._answers.shown())

    def _read_all(self, leaves: Sequence[Window]) -> None:
        """Ask every task of what it reads, and answer it."""
        if len(leaves) == 1:
            tasks = [task for task in self._tasks if task in self._whole or task in self._by_window]
            self._put(
                [self._question(task, leaves[0], ended=lambda task: self._finish([task])) for task in tasks],
                at_once=True,
            )
            return
        self._read(leaves)
        self._finish(self._by_window)
        self._read_notes(self.found.notes)
        self._finish(self._whole)

    def _read(self, leaves: Sequence[Window], first: int = 1) -> None:
        """Note each window, where anything is asked of the whole, beside all other questions about it."""
        total = max(self._windows, first + len(leaves) - 1)
        for number, leaf in enumerate(leaves, start=first):
            noted = [(leaf, Place(1, number, total))] if self._whole and not self._faults.get(_NOTES) else []
            self._put([*map(self._noting, noted), *(self._question(task, leaf) for task in self._by_window)])

    def _read_notes(self, notes: Sequence[Passage]) -> None:
        """Ask what is asked of the whole over the notes on its windows, which are noted again until they fit."""
        if self._whole and not self._faults.get(_NOTES):
            check_shrunk(self.passages, notes, self._limit, self._cost)
            try:
                read, _ = fold(notes, self._limit, self._cost, self._noted_again, level=1)
            except _NoNotes:
                pass  # why is among the faults
            else:
                self._put([self._question(task, read, notes=True) for task in self._whole])
                return
        self._faults |= {task.name: self._faults[_NOTES][:1] for task in self._whole}

    def _noted_again(self, parts: Sequence[tuple[Window, Place]]) -> list[str]:
        """Return the notes on notes, none of which needs another. Raises `_NoNotes`, and keeps why as a fault."""
        noted: list[Passage] = []
        self._put([self._noting(part, noted) for part in parts], counted=False)
        if self._faults.get(_NOTES):
            raise _NoNotes
        return [note.text for note in noted]

    def _rewrite(self, cut: Mapping[str, Sequence[Window]]) -> None:
        tasks = [task for task in self._tasks if task.name in cut]
        # Both tasks about the same lines follow one another: what was read is known then.
        longest = max((len(cut[task.name]) for task in tasks), default=0)
        self._put(
            [
                self._question(task, cut[task.name][index])
                for index in range(longest)
                for task in tasks
                if index < len(cut[task.name])
            ]
        )

    def _put(self, questions: Sequence[_Question], *, at_once: bool = False, counted: bool = True) -> None:
        """Ask all of them together, and keep what can be kept of the answers.

        They are kept in the order of the questions, or each `at_once`, as soon as it is there.
        """
        if not questions:
            return
        began = time.monotonic()

        def keep(number: int, answered: Answered[Kept]) -> None:
            questions[number].keep(answered)

        with self._steps.step(*(question.inquiry.name for question in questions), counted=counted) as tick:
            answers = self._asker.ask([question.inquiry for question in questions], tick, keep if at_once else None)
        spent, tokens = time.monotonic() - began, sum(answered.tokens for answered in answers)
        for question, answered in zip(questions, answers, strict=True):
            if not at_once:
                question.keep(answered)
            # What was worked on at the same time took each of them the part that its tokens are.
            share = spent * answered.tokens / max(tokens, 1)
            self._seconds[question.counts_as] = self._seconds.get(question.counts_as, 0.0) + share

    def _question(
        self,
        task: Task,
        passages: Sequence[Passage],
        *,
        notes: bool = False,
        ended: Callable[[Task], None] | None = None,
    ) -> _Question:
        """Return what a task asks of the passages. `ended` is told of the task once its answer is kept."""
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

        def keep(answered: Answered[Kept]) -> None:
            if answered.value is not None and answered.sampling is not None:
                self._parts.setdefault(task.name, []).append(answered.value)
                self._sampling.setdefault(task.name, []).append(answered.sampling)
            else:
                self._faults.setdefault(task.name, []).append(answered.fault)
                if rewriting:
                    # A segment may have been cut: it is whole only with what is missing here.
                    self._parts.setdefault(task.name, []).append(nothing_of(passages))
                logger.warning("No usable answer.", extra={"fields": {"task": task.name, "reason": answered.fault}})
            if ended is not None:
                ended(task)

        return _Question(Inquiry(task.name, prompt, task.schema(passages), room, read, task.tries), keep, task.name)

    def _noting(self, part: tuple[Window, Place], noted: list[Passage] | None = None) -> _Question:
        """Return the question for a note on a window. The note is added to those `noted`, else to what was found.

        Where the model cannot write one that is a fault, and nobody is asked for further notes.
        """
        window, place = part
        notes = self.found.notes if noted is None else noted
        prompt = self._wording.prompt(window, self._wording.part, notes=place.level > 1, numbered=self._numbered)
        shown = Shown(prompt, window, self._source, self._languages, place.level > 1)

        def read(reply: Reply) -> Kept:
            return SUMMARY.read(reply, shown)

        def keep(answered: Answered[Kept]) -> None:
            if answered.value is not None:
                notes.append(Passage(str(answered.value.value), segments=segments_of(window)))
            else:
                where = f"part {place.number} of {place.total} of the transcript"
                fault = f"{self._model.name} could not note down {where}: {answered.fault}"
                self._faults.setdefault(_NOTES, [fault])

        return _Question(Inquiry("summary", prompt, SUMMARY.schema(window), self._note_tokens, read), keep, "folding")
