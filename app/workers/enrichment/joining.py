"""How the parts of each answer are joined, and what of them is shown."""

from collections.abc import Mapping
from typing import Any

from app.core.options import EnrichmentTask
from app.core.task_sets import CustomTask
from app.workers.enrichment.answers import InvalidReply
from app.workers.enrichment.errors import EnrichmentFailed
from app.workers.enrichment.findings import Findings
from app.workers.enrichment.grounding import Source
from app.workers.enrichment.tasks import custom
from app.workers.enrichment.tasks.rewriting import is_nothing
from app.workers.enrichment.tasks.task import Languages, Scope, Task


class Answers:
    """The answers to what is asked of one transcript, as far as they are joined of what was `found`.

    `failures` says why, by task: of one that has no answer, or of which parts are missing.
    """

    def __init__(self, found: Findings, source: Source, languages: Languages, own: Mapping[str, CustomTask]) -> None:
        self.failures: dict[str, str] = {}
        self._found = found
        self._source = source
        self._languages = languages
        self._own = own
        self._answers: dict[str, Any] = {}
        self._own_sources: dict[str, Any] = {}

    def fail(self, failures: Mapping[str, str]) -> None:
        """Note that these tasks were not even asked."""
        self.failures |= failures
        self._answers |= dict.fromkeys(failures)

    def finish(self, task: Task) -> None:
        """Join the parts of one task's answer; say what is missing of it."""
        parts, faults = self._found.kept.get(task.name, []), self._found.faults.get(task.name, [])
        lost = sum(map(is_nothing, parts)) if task.scope is Scope.LINES else 0
        asked = len(parts) - lost + len(faults)
        answer = None
        if len(parts) > lost or task.stands_alone:
            try:
                answer = task.join(parts, self._source)
            except InvalidReply as error:
                faults = [*faults, str(error)]
        if answer is None:
            self.failures[task.name] = f"no usable {task.name}: {faults[-1]}"
        elif faults:
            self.failures[task.name] = f"{len(faults)} of {asked} parts gave nothing usable: {faults[-1]}"
        elif cut := sum(part.cut for part in parts):
            self.failures[task.name] = f"in {cut} of {asked} parts there may be more than an answer has room for"
        if answer is not None and task.scope is Scope.LINES:
            translated = task.name == EnrichmentTask.TRANSLATION
            answer = {"language": self._languages.translation if translated else self._languages.spoken, **answer}
        self._answers[task.name] = answer
        if answer is not None and task.name in self._own:
            self._own_sources[task.name] = custom.sources(answer, self._own[task.name].schema, self._source)

    def check(self, model: str) -> None:
        """Raise `EnrichmentFailed` where anything was asked and no task has an answer."""
        if self._answers and not any(answer is not None for answer in self._answers.values()):
            raise EnrichmentFailed(f"{model}: " + "; ".join(self.failures.values()) + ".")

    def shown(self) -> dict[str, Any]:
        """Return the answers as they are stored: three of them twice, as they always were and as all are now."""
        answers = {name: answer for name, answer in self._answers.items() if name not in self._own}
        own = {name: self._answers[name] for name in self._answers if name in self._own}
        shown: dict[str, Any] = {}
        for name in (EnrichmentTask.TITLE, EnrichmentTask.SUMMARY):
            if name in answers:
                shown[str(name)] = answers[name] and answers[name]["text"]
        if EnrichmentTask.POINTS in answers:
            points = answers[EnrichmentTask.POINTS]
            shown["points"] = points and [point["text"] for point in points]
        return {**shown, "answers": answers | ({"custom": own, "custom_sources": self._own_sources} if own else {})}

    def personal_phrases(self) -> list[dict[str, str]]:
        """Return what only the model could find of personal data: texts that were corrected since are searched by it."""
        parts = self._found.kept.get(EnrichmentTask.PERSONAL_DATA, [])
        phrases = {(text, str(kind)) for part in parts for text, kind in part.value}
        return [{"text": text, "kind": kind} for text, kind in sorted(phrases)]
