"""A real worker process without engines: `python -m tests.api.following_worker`. What it finds out is made up."""

import sys
from collections.abc import Mapping

from app.core.jobs import JobKind
from app.queueing.queues import QueueName
from app.settings import Settings
from app.workers.context import JobContext
from app.workers.entry import Engines
from app.workers.orders import WorkOrder
from app.workers.process import run
from tests.api.worker import part_of_plan, segment, text, turns


def work(order: WorkOrder, context: JobContext) -> Mapping[str, object]:
    context.report("transcribing", 10)
    if order.kind is JobKind.PLAN:
        return {"plan": part_of_plan((0.0, 1.0))}
    if order.kind is JobKind.CHUNK:
        return {"text": text(segment(0.0, 1.0, "Good morning."))}
    if order.kind is JobKind.VOICES:
        return {"voices": {"stretch": [0.0, 1.0]}}
    return {"diarization": turns((0.0, 1.0, "SPEAKER_00"))}


def load_engines(_: Settings) -> Engines:
    return Engines(dict.fromkeys(JobKind, work), lambda: ["whisper/made-up"])


if __name__ == "__main__":
    sys.exit(run(QueueName.TRANSCRIPTION, load_engines))
