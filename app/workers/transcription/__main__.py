"""The transcription worker: `python -m app.workers.transcription`."""

import logging
import sys

from app.queueing.queues import QueueName
from app.settings import Settings
from app.workers.entry import Engines
from app.workers.process import run

logger = logging.getLogger("app.workers.transcription")  # __name__ is "__main__" here


def load_engines(settings: Settings) -> Engines:
    """Load the site's default models, so that the first recording does not wait for them.

    Raises `UnknownModel`, and `ModelTooLarge` where they will not fit this worker's memory together.
    """
    # Imported here: the libraries read the environment, which `run` has set by now, when they are imported.
    from app.catalog.installed import find
    from app.workers.memory import memory_limit, require_room
    from app.workers.transcription.jobs import TranscriptionJobs
    from app.workers.transcription.speakers.diarizer import Diarizer
    from app.workers.transcription.text.recognizer import Recognizer

    diarization_model = find(settings.models_dir, "diarization", settings.diarization_model)
    speech_model = find(settings.models_dir, "whisper", settings.default_model)
    limit = memory_limit(settings.memory_limit)
    require_room((diarization_model, speech_model), limit, settings.models_dir)
    logger.info("Loading the speech model %s from %s.", settings.default_model, settings.models_dir)
    recognizer = Recognizer(
        settings.models_dir, settings.threads, settings.default_model, limit=limit, beside=(diarization_model,)
    )
    recognizer.load()
    logger.info("Loading the diarization model %s; importing its libraries takes some seconds.", diarization_model.name)
    diarizer = Diarizer(diarization_model, threads=settings.threads, sound=recognizer.sound)
    diarizer.load()
    jobs = TranscriptionJobs(recognizer, diarizer, settings.uploads_dir)
    return Engines(jobs.handlers, jobs.models)


if __name__ == "__main__":
    sys.exit(run(QueueName.TRANSCRIPTION, load_engines))
