"""How far a transcription and its parts are, as those are told who wait for it."""

from app.core import enriching
from app.core.jobs import JobKind, JobState
from app.core.lifecycle import Work
from app.core.states import READABLE_STATES, STOPPED_STATES, PartState

_PART_STATE_OF_JOB = {
    JobState.HELD: PartState.PENDING,
    JobState.QUEUED: PartState.PENDING,
    JobState.RUNNING: PartState.PROCESSING,
    JobState.DONE: PartState.DONE,
    JobState.FAILED: PartState.ERROR,
    JobState.CANCELLED: PartState.SKIPPED,
}

# The share of the whole that each kind has in the percentage shown, from the measured real-time factors of base
# Whisper and pyannote on CPU.
_PERCENT_SHARES = {JobKind.PLAN: 5.0, JobKind.CHUNK: 60.0, JobKind.VOICES: 35.0}


def percent(work: Work) -> float:
    """Return how much of the transcript is there, 0 to 100; the enrichment is counted apart."""
    if work.state in READABLE_STATES:
        return 100.0
    kinds = set(_PERCENT_SHARES) if work.diarization else {JobKind.PLAN, JobKind.CHUNK}
    whole = sum(_PERCENT_SHARES[kind] for kind in kinds)
    return 100.0 * sum(_PERCENT_SHARES[kind] * _covered(work, kind) for kind in kinds) / whole


def stage(work: Work) -> str:
    """Return what is being done just now, in the workers' words; the state's own name where no worker is at it."""
    running = [job.stage for job in work.jobs if job.state is JobState.RUNNING and job.stage]
    return running[0] if running else str(work.state)


def diarization_state(work: Work) -> PartState:
    voices = [job.state for job in work.jobs if job.kind is JobKind.VOICES]
    if JobState.FAILED in voices:
        return PartState.ERROR
    begun = JobState.RUNNING in voices or JobState.DONE in voices
    if begun and work.job_of(JobKind.DIARIZATION) is None and work.state not in STOPPED_STATES:
        return PartState.PROCESSING
    return _part_state(work, JobKind.DIARIZATION, wanted=work.diarization)


def enrichment_state(work: Work) -> PartState:
    enrichment = work.job_of(JobKind.ENRICHMENT)
    if enrichment is not None and not enrichment.state.finished and enriching.is_begun(work.jobs):
        return PartState.PROCESSING
    return _part_state(work, JobKind.ENRICHMENT, wanted=work.enrichment)


def enrichment_percent(work: Work) -> float:
    """Return how much of the enrichment is done, 0 to 100."""
    return enriching.percent(work.jobs)


def _part_state(work: Work, kind: JobKind, *, wanted: bool) -> PartState:
    job = work.job_of(kind)
    if job is not None:
        return _PART_STATE_OF_JOB[job.state]
    return PartState.PENDING if wanted and work.state not in STOPPED_STATES else PartState.SKIPPED


def _covered(work: Work, kind: JobKind) -> float:
    """Return how much of the recording's length is done with by jobs of this kind, 0 to 1; silence is done with."""
    planned = sum(job.seconds for job in work.jobs if job.kind is JobKind.PLAN and job.state is JobState.DONE)
    jobs = [job for job in work.jobs if job.kind is kind]
    known = sum(job.seconds for job in jobs)
    covered = sum(job.seconds * (100.0 if job.state.finished else job.percent) / 100.0 for job in jobs)
    whole = max(work.duration or 0.0, planned, known)
    if not whole:
        return 0.0
    silent = 0.0 if kind is JobKind.PLAN else max(0.0, planned - known)
    return min(1.0, (covered + silent) / whole)
