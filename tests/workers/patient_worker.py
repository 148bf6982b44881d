"""A real worker process whose engine only waits: `python -m tests.workers.patient_worker`.

The order's `audio` says what it does: "loop" works until it is stopped, "quick" is done at once, "stuck" stands still.
Its heart beats fast, so that a test of what happens after its death need not wait for half a minute.
"""

import sys
import time
from collections.abc import Mapping

from app.core.jobs import JobKind
from app.queueing.queues import QueueName
from app.settings import Settings
from app.workers import resident
from app.workers.context import JobContext
from app.workers.entry import Engines
from app.workers.orders import WorkOrder
from app.workers.process import run


def work(order: WorkOrder, context: JobContext) -> Mapping[str, object]:
    percent = 0
    while order.audio == "loop":
        context.checkpoint()
        context.report("transcribing", percent := min(99, percent + 1))
        time.sleep(0.02)
    if order.audio == "stuck":
        context.report("transcribing", 1)
        time.sleep(60)
    return {"text": {"segments": []}}


def load_engines(_: Settings) -> Engines:
    return Engines(dict.fromkeys(JobKind, work), lambda: ["whisper/patient"])


if __name__ == "__main__":
    resident.BEAT_SECONDS = 0.2
    resident.HOLD_SECONDS = 2
    resident.CARD_SECONDS = 3
    resident.MAINTENANCE_SECONDS = 1
    resident.HANG_GRACE_SECONDS = 1
    sys.exit(run(QueueName.TRANSCRIPTION, load_engines))
