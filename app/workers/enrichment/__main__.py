"""The enrichment worker: `python -m app.workers.enrichment`."""

import logging
import sys

from app.queueing.queues import QueueName
from app.settings import Settings
from app.workers.entry import Engines
from app.workers.process import run

logger = logging.getLogger("app.workers.enrichment")  # __name__ is "__main__" here


def load_engines(settings: Settings) -> Engines:
    """Load the site's default language model.

    Raises `UnknownModel`, `ModelDamaged`, `ModelUnsuitable`, and `ModelTooLarge` where it will not fit this worker's memory.
    """
    # Imported here: the library reads the environment, which `run` has set by now, when it is imported.
    from app.workers.enrichment.enricher import Enricher
    from app.workers.enrichment.jobs import EnrichmentJobs
    from app.workers.enrichment.opening import opener

    logger.info("Loading the language model %s from %s.", settings.default_llm_model, settings.models_dir)
    enricher = Enricher(settings.models_dir, settings.threads, settings.default_llm_model, open_model=opener(settings))
    enricher.load()
    jobs = EnrichmentJobs(enricher)
    return Engines(jobs.handlers, jobs.models)


if __name__ == "__main__":
    sys.exit(run(QueueName.ENRICHMENT, load_engines))
