"""The catalogue of what a model can be asked of a recording."""

from collections.abc import Mapping
from types import MappingProxyType

from app.core.options import EnrichmentTask
from app.workers.enrichment.tasks.actions import ACTIONS
from app.workers.enrichment.tasks.chapters import CHAPTERS
from app.workers.enrichment.tasks.personal_data import PERSONAL_DATA
from app.workers.enrichment.tasks.rewriting import CORRECTED, TRANSLATION
from app.workers.enrichment.tasks.satisfaction import SATISFACTION
from app.workers.enrichment.tasks.statements import DECISIONS, POINTS, QUESTIONS
from app.workers.enrichment.tasks.subjects import ENTITIES, TOPICS
from app.workers.enrichment.tasks.task import Task
from app.workers.enrichment.tasks.texts import DETAILED_SUMMARY, SUMMARY, TITLE

_TASKS: tuple[Task, ...] = (
    TITLE, SUMMARY, POINTS, DETAILED_SUMMARY, CHAPTERS, ACTIONS, DECISIONS, QUESTIONS, TOPICS, ENTITIES, SATISFACTION,
    CORRECTED, TRANSLATION, PERSONAL_DATA,
)  # fmt: skip

CATALOGUE: Mapping[EnrichmentTask, Task] = MappingProxyType({EnrichmentTask(task.name): task for task in _TASKS})
