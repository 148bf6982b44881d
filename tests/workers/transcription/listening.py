"""A job that only remembers what an engine tells it, and that can be stopped."""

from collections.abc import Mapping, Sequence

from app.core.transcript import Segment


class StoppedError(Exception):
    """The job is no longer wanted."""


class RememberingJob:
    def __init__(self, *, stop_after_segments: int | None = None) -> None:
        self.stages: list[str] = []
        self.percents: list[float] = []
        self.segments: list[Segment] = []
        self._stop_after = stop_after_segments

    def report(
        self,
        stage: str,
        percent: float,
        *,
        segments: Sequence[Segment] = (),
        answers: Mapping[str, object] = {},  # noqa: ARG002 - the protocol has it; no speech engine answers
    ) -> None:
        if stage not in self.stages:
            self.stages.append(stage)
        self.percents.append(percent)
        self.segments.extend(segments)

    def checkpoint(self) -> None:
        if self._stop_after is not None and len(self.segments) >= self._stop_after:
            raise StoppedError
