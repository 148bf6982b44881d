"""What fits into a model's context: how much is read at a time beside what is asked and what is answered."""

from collections.abc import Sequence
from typing import Any

from app.core.options import EnrichmentTask
from app.core.task_sets import TaskSet
from app.workers.enrichment.engine import LanguageModel
from app.workers.enrichment.errors import ContextTooSmall
from app.workers.enrichment.folding import Passage, Window, in_lines, windows
from app.workers.enrichment.prompts import Wording
from app.workers.enrichment.tasks import CATALOGUE
from app.workers.enrichment.tasks.custom import Custom
from app.workers.enrichment.tasks.rewriting import MAX_LINES
from app.workers.enrichment.tasks.statements import CITED_POINTS
from app.workers.enrichment.tasks.task import Languages, Scope, Task
from app.workers.enrichment.tasks.texts import SUMMARY_TOKENS

_NOTE_SHARE = 8
"""A note takes at most this part of the context, so that notes are always much shorter than what they note."""

_MOST_LINE_TOKENS = 320
"""Where lines are written anew, so many tokens are read at a time: what is near is what matters."""
_SPARE_TOKENS = 40
_LARGEST_LINE_NUMBER = 999


class Rooms:
    """What is asked of one model in one language, and how much of a transcript fits beside each question."""

    def __init__(self, model: LanguageModel, wording: Wording, languages: Languages, asked: TaskSet) -> None:
        self._model = model
        self._wording = wording
        self._languages = languages
        same_language = languages.answers == languages.spoken or languages.spoken is None
        self._same_language = same_language
        self._tasks = _tasks_of(asked, same_language=same_language)
        self._requests = {
            task.name: asked.prompts.get(_known(task), task.instruction(languages)) for task in self._tasks
        }
        self._numbered = any(task.numbered for task in self._tasks if task.scope is not Scope.LINES)
        self._note_tokens = min(SUMMARY_TOKENS, model.context_tokens // _NOTE_SHARE)
        self._failures: dict[str, str] = {}

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

    def _line_tasks_with_room(self) -> list[Task]:
        """Return the tasks that write lines anew, if any fit beside their instruction."""
        writing = [task for task in self._tasks if task.scope is Scope.LINES]
        for task in writing:
            if (room := self._line_room(task)) < _SPARE_TOKENS:
                self._fail(task.name, room, _SPARE_TOKENS)
        return [task for task in writing if task.name not in self._failures]

    def _in_blocks(self, task: Task, passages: Sequence[Passage]) -> list[Window]:
        """Return the lines that a task which writes them anew reads at a time. What is such a block stays one."""
        room = min(self._line_room(task), _MOST_LINE_TOKENS)
        return in_lines(windows(passages, room, self._cost), MAX_LINES)

    def _line_room(self, task: Task) -> int:
        beside = self._room_beside(self._requests[task.name], _SPARE_TOKENS, rewriting=True)
        return int(beside / (1 + task.answer_tokens(self._model.context_tokens) / 100))

    def _fail(self, name: str, room: int, least: int) -> None:
        self._failures[name] = (
            f"the prompt for {name} leaves room for {max(room, 0)} tokens of transcript, and {least} are needed"
        )

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


def _tasks_of(asked: TaskSet, *, same_language: bool) -> list[Task]:
    """Return the tasks of the catalogue that are asked for, and the project's own."""
    chosen = {**CATALOGUE, EnrichmentTask.POINTS: CATALOGUE[EnrichmentTask.POINTS] if same_language else CITED_POINTS}
    return [*(chosen[task] for task in asked.tasks), *(Custom(name, task) for name, task in asked.custom.items())]


def _known(task: Task) -> Any:
    return EnrichmentTask(task.name) if task.name in set(EnrichmentTask) else None
