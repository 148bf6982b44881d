"""The jobs of a transcription worker, each handed to its engine."""

from collections.abc import Mapping
from pathlib import Path

from app.core.lifecycle import JobKind
from app.workers.context import JobContext
from app.workers.entry import Handler
from app.workers.orders import MalformedOrder, WorkOrder
from app.workers.recordings import locate
from app.workers.transcription.diarizer import Diarizer
from app.workers.transcription.planner import plan_recording
from app.workers.transcription.recognizer import Recognizer


class TranscriptionJobs:
    """Plan, chunk and diarization, over engines that stay loaded."""

    def __init__(self, recognizer: Recognizer, diarizer: Diarizer, uploads_dir: Path) -> None:
        self._recognizer = recognizer
        self._diarizer = diarizer
        self._uploads_dir = uploads_dir

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        """What works each kind of job of the queue `transcription`."""
        return {JobKind.PLAN: self.plan, JobKind.CHUNK: self.chunk, JobKind.DIARIZATION: self.diarization}

    def plan(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Listen to the recording once and cut it where nobody speaks."""
        audio = locate(self._uploads_dir, order.audio)
        return {"plan": plan_recording(audio, order.options, self._recognizer, context).to_dict()}

    def chunk(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Write down what is said in one piece of the recording."""
        if order.chunk is None:
            raise MalformedOrder("The work order for a chunk names no chunk.")
        audio = locate(self._uploads_dir, order.audio)
        segments = self._recognizer.transcribe(audio, order.chunk, order.language, order.options, context)
        return {"segments": [segment.to_dict() for segment in segments]}

    def diarization(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Tell the speakers of the whole recording apart."""
        audio = locate(self._uploads_dir, order.audio)
        return {"diarization": self._diarizer.diarize(audio, order.options, context).to_dict()}
