"""Who may use how many of a host's cores: so many threads run at once as there are cores, and never more."""

from dataclasses import dataclass
from typing import Self

from app.standalone.errors import CannotStart


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreShare:
    """The threads of one worker, and the turn that it shares with others; None: its cores are its own."""

    threads: int
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class CoreShares:
    """What each transcription worker gets, and the enrichment worker."""

    transcription: tuple[CoreShare, ...]
    enrichment: CoreShare

    @classmethod
    def of(cls, cores: int, *, workers: int = 1, threads: int | None = None) -> Self:
        """Deal out `cores` among `workers` transcription workers; `threads` is what each gets, if not an equal part.

        Transcription workers have cores of their own. Enrichment has what they leave over, where that is as much as one
        of them has; elsewhere it takes turns with the first of them. Two engines that spin on the same cores do not
        take twice as long but ten times. Raises CannotStart where all that does not fit.
        """
        each = threads or max(1, cores // workers)
        if workers * each > cores:
            raise CannotStart(
                f"{workers} transcription workers of {each} threads each want {workers * each} cores, and there are {cores}.",
                remedy="Lower VOCALYX_TRANSCRIPTION_WORKERS or VOCALYX_TRANSCRIPTION_THREADS.",
            )
        spare = cores - workers * each
        if spare >= each:
            own = CoreShare(threads=each)
            return cls((own,) * workers, CoreShare(threads=spare))
        in_turns = CoreShare(threads=each, turn="compute")
        return cls((in_turns, *(CoreShare(threads=each) for _ in range(workers - 1))), in_turns)
