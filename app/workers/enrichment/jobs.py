"""The jobs of an enrichment worker."""

from collections.abc import Mapping

from app.catalog.installed import ModelKind
from app.core.lifecycle import JobKind
from app.workers.context import JobContext
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.questions import Questioner
from app.workers.entry import Handler
from app.workers.orders import WorkOrder


class EnrichmentJobs:
    """Enrichment and questions, over a language model that stays loaded."""

    def __init__(self, enricher: Enricher) -> None:
        self._enricher = enricher

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        """What works each kind of job of the queue `enrichment`."""
        return {JobKind.ENRICHMENT: self.enrichment, JobKind.QUESTION: self.question}

    def models(self) -> list[str]:
        """Return the model that is loaded just now, as `kind/name`."""
        return [f"{ModelKind.LLM}/{self._enricher.loaded}"] if self._enricher.loaded else []

    def enrichment(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Answer what is asked of the transcript."""
        answers = self._enricher.enrich(order.segments, order.language, order.options, context, task_set=order.task_set)
        return {"enrichment": answers}

    def question(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Answer a question from what was said."""
        questioner, model = Questioner(self._enricher.load), order.options.llm_model
        return {"answer": questioner.answer(order.question, order.passages, order.language, model, context)}
