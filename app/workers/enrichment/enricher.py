"""What is asked of a transcript, over a language model that stays loaded."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.core.options import TranscriptionOptions
from app.core.task_sets import TaskSet, asked
from app.core.transcript import Segment
from app.workers.context import Checkpoint
from app.workers.enrichment.engine import LanguageModel, OpenModel
from app.workers.enrichment.llama import open_installed
from app.workers.enrichment.progress import Steps
from app.workers.enrichment.prompts import wording_for
from app.workers.enrichment.run import Run
from app.workers.enrichment.tasks.task import Languages

_LOADING_PERCENT = 1.0


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
        self,
        segments: Sequence[Segment],
        language: str | None,
        options: TranscriptionOptions,
        context: Checkpoint,
        *,
        task_set: TaskSet | None = None,
    ) -> dict[str, Any]:
        """Return the answers and where they come from.

        `language` (ISO 639-1) is the transcript's, and the answers' unless the options say another one. `task_set` is the
        project's own set of the name in the options. `answers` holds the answer of each task (None for one that failed),
        those of the project's own tasks under `custom`; `title`, `summary` and `points`, where they were asked for, stand
        beside it as plain texts, too. A recording in which nothing was said has no answers.

        Further: `model`, `prompt_version`, `text_version`, `languages`, `requests` (what was asked, by task), `seconds` by
        step, `tokens` by kind, `windows` (how many pieces of the transcript were read one by one, 1 where it was read at
        once), `seeds` and `sampling` by task, `dropped` (by task, how much could not be found in the transcript),
        `personal_phrases`, and `failures` (why, by task).

        Raises `EnrichmentFailed` where no task succeeded, `UnknownTaskSet`, what `load` raises, and what `context` raises
        to stop.
        """
        run = self.begin(segments, language, options, context, task_set=task_set)
        run.work_by(run.plan())
        return run.outcome()

    def begin(
        self,
        segments: Sequence[Segment],
        language: str | None,
        options: TranscriptionOptions,
        context: Checkpoint,
        *,
        task_set: TaskSet | None = None,
    ) -> Run:
        """Return the questions that are to be asked, with the model loaded. Raises `UnknownTaskSet`, and what `load` raises."""
        wanted = asked(options, task_set)
        began = time.monotonic()
        context.report("loading-model", 0.0)
        model = self.load(options.llm_model)
        languages = _languages(language, options)
        steps = Steps(context, _LOADING_PERCENT)
        run = Run(model, wording_for(languages.answers), languages, wanted, segments, steps)
        run.found.seconds["loading"] = time.monotonic() - began
        return run


def _languages(spoken: str | None, options: TranscriptionOptions) -> Languages:
    answers = options.answer_language or spoken
    other = answers if answers != spoken else ("fr" if spoken == "en" else "en")
    return Languages(spoken, answers, options.translation_language or other)
