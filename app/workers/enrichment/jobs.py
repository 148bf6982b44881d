"""The jobs of an enrichment worker."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.catalog.installed import ModelKind
from app.core.jobs import JobKind
from app.workers.context import JobContext
from app.workers.enrichment import spreading
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.questions import Questioner
from app.workers.enrichment.run import Run
from app.workers.entry import Handler
from app.workers.orders import WorkOrder


class EnrichmentJobs:
    """Enrichment and questions, over a language model that stays loaded."""

    def __init__(self, enricher: Enricher) -> None:
        self._enricher = enricher

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        """What works each kind of job of the queue `enrichment`."""
        return {
            JobKind.ENRICHMENT: self.enrichment,
            JobKind.READING: self.reading,
            JobKind.REWRITING: self.reading,
            JobKind.FOLDING: self.folding,
            JobKind.QUESTION: self.question,
        }

    def models(self) -> list[str]:
        """Return the model that is loaded just now, as `kind/name`."""
        return [f"{ModelKind.LLM}/{self._enricher.loaded}"] if self._enricher.loaded else []

    def enrichment(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Answer what is asked of the transcript; where it is long, plan that, or join what was found of it."""
        run = self._begun(order, context)
        if order.spread is None:
            return spreading.begin(run, order)
        return spreading.join(run, order, _found_before(order, context))

    def reading(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Ask about a piece of a long transcript, or write it anew."""
        return spreading.read(self._begun(order, context), order)

    def folding(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Ask what is asked of the whole of a long transcript."""
        return spreading.fold(self._begun(order, context), order, _found_before(order, context))

    def question(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Answer a question from what was said."""
        questioner, model = Questioner(self._enricher.load), order.options.llm_model
        return {"answer": questioner.answer(order.question, order.passages, order.language, model, context)}

    def _begun(self, order: WorkOrder, context: JobContext) -> Run:
        return self._enricher.begin(order.segments, order.language, order.options, context, task_set=order.task_set)


def _found_before(order: WorkOrder, context: JobContext) -> Iterator[Mapping[str, Any]]:
    """Yield what the parts found that this job needs, one at a time: a long recording's worth would be too much at once."""
    return (context.findings(number) for number in (order.spread.parts if order.spread else ()))
