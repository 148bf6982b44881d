"""The jobs of a transcription worker, each handed to its engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.catalog.installed import ModelKind
from app.core.jobs import JobKind
from app.media.recordings import locate
from app.workers.context import JobContext
from app.workers.entry import Handler
from app.workers.orders import MalformedOrder, WorkOrder
from app.workers.transcription.plan.planner import PlanOrder, plan_part
from app.workers.transcription.speakers.diarizer import Diarizer
from app.workers.transcription.text.recognizer import Recognizer


class TranscriptionJobs:
    """Plan, chunk, voices and diarization, over engines that stay loaded."""

    def __init__(self, recognizer: Recognizer, diarizer: Diarizer, uploads_dir: Path) -> None:
        self._recognizer = recognizer
        self._diarizer = diarizer
        self._uploads_dir = uploads_dir

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        """What works each kind of job of the queue `transcription`."""
        return {
            JobKind.PLAN: self.plan,
            JobKind.CHUNK: self.chunk,
            JobKind.VOICES: self.voices,
            JobKind.DIARIZATION: self.diarization,
        }

    def models(self) -> list[str]:
        """Return the models that are loaded just now, as `kind/name`."""
        loaded = [f"{ModelKind.WHISPER}/{name}" for name in self._recognizer.loaded]
        return loaded + ([f"{ModelKind.DIARIZATION}/{self._diarizer.loaded}"] if self._diarizer.loaded else [])

    def plan(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Listen to a part of the recording once and cut it where nobody speaks."""
        audio = locate(self._uploads_dir, order.audio)
        plan = PlanOrder(
            options=order.options,
            part=order.part,
            start=order.start,
            workers=order.workers,
            survey=order.survey,
            duration=order.duration_seconds,
        )
        with self._measured(context):
            return {"plan": plan_part(audio, plan, self._recognizer, context).to_dict()}

    def chunk(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Write down what is said in one piece of the recording."""
        if order.chunk is None:
            raise MalformedOrder("The work order for a chunk names no chunk.")
        audio = locate(self._uploads_dir, order.audio)
        with self._measured(context):
            text = self._recognizer.transcribe(audio, order.chunk, order.language, order.options, context)
        return {"text": text.to_dict()}

    def voices(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Describe the voices in one stretch of the recording."""
        if order.stretch is None:
            raise MalformedOrder("The work order for voices names no stretch.")
        audio = locate(self._uploads_dir, order.audio)
        with self._measured(context):
            return {"voices": self._diarizer.voices(audio, order.stretch, context)}

    def diarization(self, order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        """Tell the speakers of the whole recording apart, by what is known of the voices in all stretches."""
        described = (context.voices(position) for position in range(len(order.stretches)))
        found = self._diarizer.diarize(
            described,
            order.options,
            context,
            duration=order.duration_seconds or order.stretches[-1].end,
            embeddings=order.voiceprints,
        )
        return {"diarization": found.to_dict()}

    @contextmanager
    def _measured(self, context: JobContext) -> Iterator[None]:
        """Add to the job's figures where the engines' time went."""
        self._recognizer.take_seconds()  # what a job before left when it failed
        yield
        context.measured(self._recognizer.take_seconds())
