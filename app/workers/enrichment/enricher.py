"""Title, summary and points of a transcript, over a language model that stays loaded."""

import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.transcript import Segment
from app.workers.context import Checkpoint
from app.workers.enrichment.asking import Asker, NoAnswer
from app.workers.enrichment.engine import LanguageModel, OpenModel
from app.workers.enrichment.errors import ContextTooSmall, EnrichmentFailed
from app.workers.enrichment.folding import Passage, Place, Window, fold, passages_of, windows
from app.workers.enrichment.llama import open_installed
from app.workers.enrichment.progress import Steps
from app.workers.enrichment.prompts import PROMPT_VERSION, Wording, wording_for
from app.workers.enrichment.schemas import MAX_TOKENS

_NOTE_SHARE = 8
"""A note takes at most this part of the context, so that notes are always much shorter than what they note."""

_LOADING_PERCENT = 1.0

logger = logging.getLogger(__name__)


class Enricher:
    """Keeps one model loaded and answers with it; another one asked for by name takes its place.

    Not for several threads at once. `open_model` is the engine: llama.cpp over the installed models unless given.
    """

    def __init__(
        self, models_dir: Path, threads: int, default_model: str, *, open_model: OpenModel | None = None
    ) -> None:
        self._open: OpenModel = open_model or partial(open_installed, models_dir, threads)
        self._default_model = default_model
        self._model: LanguageModel | None = None

    @property
    def loaded(self) -> str | None:
        """The name of the model that is loaded just now; may be asked for by any thread."""
        model = self._model
        return None if model is None else model.name

    def load(self, name: str | None = None) -> LanguageModel:
        """Return the model `name` (None: the site's default), loaded.

        Raises `UnknownModel`, `ModelDamaged`, `ModelTooLarge` or `ModelUnsuitable`.
        """
        name = name or self._default_model
        if self._model is not None and self._model.name == name:
            return self._model
        self.close()
        self._model = self._open(name)
        return self._model

    def close(self) -> None:
        """Give the loaded model's memory back."""
        if self._model is not None:
            self._model.close()
            self._model = None

    def enrich(
        self, segments: Sequence[Segment], language: str | None, options: TranscriptionOptions, context: Checkpoint
    ) -> dict[str, object]:
        """Return the answers by task (None for one that failed) and where they come from.

        `language` (ISO 639-1) is the transcript's and the answers'. A recording in which nothing was said has no title,
        no summary and no points. Beside the answers: `model`, `prompt_version`, `seconds` by step, `tokens` by kind,
        `windows` (how many pieces of the transcript were read one by one, 1 where it was read at once), `seeds` by
        task, `failures` (why, by task).

        Raises `EnrichmentFailed` where no task succeeded, what `load` raises, and what `context` raises to stop.
        """
        passages = passages_of(segments)
        began = time.monotonic()
        context.report("loading-model", 0.0)
        model = self.load(options.llm_model)
        seconds = {"loading": time.monotonic() - began}
        run = _Run(model, wording_for(language), options, Steps(context, _LOADING_PERCENT), seconds)
        if passages:
            run.work(passages)
        return run.outcome()


class _Run:
    """One transcript's way to its answers."""

    def __init__(
        self,
        model: LanguageModel,
        wording: Wording,
        options: TranscriptionOptions,
        steps: Steps,
        seconds: dict[str, float],
    ) -> None:
        self._model = model
        self._wording = wording
        self._requests: Mapping[EnrichmentTask, str] = {**wording.tasks, **options.prompts}
        self._steps = steps
        self._seconds = seconds
        self._asker = Asker(model)
        self._answers: dict[str, object] = {}
        self._failures: dict[str, str] = {}
        self._seeds: dict[str, int] = {}
        self._windows = 0
        self._note_tokens = min(MAX_TOKENS[EnrichmentTask.SUMMARY], model.context_tokens // _NOTE_SHARE)

    def work(self, passages: Sequence[Passage]) -> None:
        """Read the passages, folded where they are too long, and answer each task."""
        tasks, limit = self._tasks_with_room()
        leaves = len(windows(passages, limit, self._cost))
        self._windows = leaves
        self._steps.expect((leaves if leaves > 1 else 0) + len(tasks))
        began = time.monotonic()
        read, levels = fold(passages, limit, self._cost, self._note)
        self._seconds["folding"] = time.monotonic() - began
        for task in tasks:
            self._answer(task, read, notes=levels > 0)
        if not self._answers:
            raise EnrichmentFailed(f"{self._model.name}: " + "; ".join(self._failures.values()) + ".")

    def outcome(self) -> dict[str, object]:
        return {
            **{str(task): self._answers.get(str(task)) for task in EnrichmentTask},
            "model": self._model.name,
            "prompt_version": PROMPT_VERSION,
            "seconds": {step: round(spent, 3) for step, spent in self._seconds.items()},
            "tokens": self._asker.tokens,
            "windows": self._windows,
            "seeds": self._seeds,
            "failures": self._failures,
        }

    def _tasks_with_room(self) -> tuple[list[EnrichmentTask], int]:
        """Return the tasks whose instruction leaves room for a transcript, and that room in tokens.

        All tasks read the same material, so that the model reads it once; the longest instruction decides on its length.
        """
        rooms = {task: self._room(self._requests[task], MAX_TOKENS[task]) for task in EnrichmentTask}
        part_room = self._room(self._wording.part, self._note_tokens)
        least = max(part_room // 2, 1)
        for task, room in rooms.items():
            if room < least:
                self._failures[str(task)] = (
                    f"the prompt for {task} leaves room for {max(room, 0)} tokens of transcript, and {least} are needed"
                )
        tasks = [task for task in EnrichmentTask if str(task) not in self._failures]
        if not tasks:
            raise ContextTooSmall(f"{self._model.name}: " + "; ".join(self._failures.values()) + ".")
        return tasks, min(part_room, *(rooms[task] for task in tasks))

    def _room(self, request: str, answer_tokens: int) -> int:
        """Return how many tokens of material fit beside the request and its answer."""
        bare = max(
            self._model.count_prompt_tokens(self._wording.prompt((), request, notes=notes)) for notes in (False, True)
        )
        return self._model.context_tokens - bare - answer_tokens

    def _cost(self, passage: Passage) -> int:
        """Return what a passage takes at most: as a line of its own with the speaker's name before it."""
        return self._model.count_tokens(f"{self._wording.written((passage,))}\n") + 1

    def _note(self, window: Window, place: Place) -> str:
        prompt = self._wording.prompt(window, self._wording.part, notes=place.level > 1)
        with self._steps.step("summary", counted=place.level == 1) as tick:
            try:
                note, _ = self._asker.ask(EnrichmentTask.SUMMARY, prompt, self._note_tokens, tick)
            except NoAnswer as error:
                raise EnrichmentFailed(
                    f"{self._model.name} could not note down part {place.number} of {place.total} of the transcript:"
                    f" {error}."
                ) from error
        return str(note)

    def _answer(self, task: EnrichmentTask, read: Sequence[Passage], *, notes: bool) -> None:
        began = time.monotonic()
        prompt = self._wording.prompt(read, self._requests[task], notes=notes)
        with self._steps.step(str(task)) as tick:
            try:
                self._answers[str(task)], self._seeds[str(task)] = self._asker.ask(task, prompt, MAX_TOKENS[task], tick)
            except NoAnswer as error:
                self._failures[str(task)] = f"no usable {task}: {error}"
                logger.warning("No usable answer.", extra={"fields": {"task": str(task), "reason": str(error)}})
        self._seconds[str(task)] = time.monotonic() - began
        self._steps.finished(str(task), self._answers)
