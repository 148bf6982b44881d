"""Word error rate and diarization error rate, computed alike for everything that is compared."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

NORMALISATION = "letters-and-digits"
NORMALISATION_RULES = (
    "Unicode NFKC, lower case; œ and æ as oe and ae; everything but letters, digits and marks on them becomes a space"
    " (so l'homme, don't, peut-être are two words each); numbers and abbreviations stay as they are written"
)
COLLARS_SECONDS = (0.0, 0.25)
"""Left out on each side of every boundary of the reference."""

_BOOTSTRAP_SAMPLES = 10_000
_INTERVAL = (0.025, 0.975)

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_NOT_A_WORD = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """Return the words of `text` that are compared, parted by single spaces, after `NORMALISATION_RULES`."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_LIGATURES)
    return _NOT_A_WORD.sub(" ", folded).strip()


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Substitutions, deletions and insertions of one text or of several, over the words of the reference."""

    errors: int
    words: int

    @property
    def rate(self) -> float:
        return self.errors / self.words

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(self.errors + other.errors, self.words + other.words)


def rate_difference(pairs: Sequence[tuple[WordErrors, WordErrors]]) -> tuple[float, float, float]:
    """Return by how much the first of two error rates over the same texts is higher, and the ends of its 95 % interval.

    By drawing the texts, each with both of its counts, anew (paired bootstrap: Bisani and Ney, ICASSP 2004).
    """
    counts = np.array([(mine.errors - its.errors, mine.words) for mine, its in pairs])
    drawn = np.random.default_rng(1).integers(len(counts), size=(_BOOTSTRAP_SAMPLES, len(counts)))
    more, words = counts[drawn].sum(axis=1).T
    low, high = np.quantile(more / words, _INTERVAL)
    return float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high)


def word_errors(reference: str, hypothesis: str) -> WordErrors:
    """Compare two texts word by word, both normalised."""
    found = jiwer.process_words(normalise(reference), normalise(hypothesis))
    return WordErrors(
        found.substitutions + found.deletions + found.insertions, found.hits + found.substitutions + found.deletions
    )


def read_rttm(text: str) -> Annotation:
    """Return the turns of an RTTM file (NIST 2009: type, file, channel, start, duration, …, speaker)."""
    fields = [line.split() for line in text.splitlines() if line.startswith("SPEAKER")]
    return annotation((float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields)


def annotation(turns: Iterable[tuple[float, float, str]]) -> Annotation:
    """Return (start, end, speaker) turns, which may overlap, as pyannote's metrics take them."""
    result = Annotation()
    for number, (start, end, speaker) in enumerate(turns):
        result[Segment(start, end), number] = speaker
    return result


@dataclass(frozen=True, slots=True)
class SpeakerErrors:
    """Diarization error rates at `COLLARS_SECONDS`, overlapped speech included, and how many speakers were found."""

    rates: tuple[float, ...]
    speakers: int


def speaker_errors(reference: Annotation, hypothesis: Annotation) -> SpeakerErrors:
    """Compare two diarizations under the best mapping of their labels, from the first to the last turn of either."""
    extent = reference.get_timeline().union(hypothesis.get_timeline()).extent()
    # pyannote's `collar` is the whole width around a boundary.
    rates = tuple(
        float(
            DiarizationErrorRate(collar=2 * collar, skip_overlap=False)(reference, hypothesis, uem=Timeline([extent]))
        )
        for collar in COLLARS_SECONDS
    )
    return SpeakerErrors(rates, len(hypothesis.labels()))


def recordings_with(audio: Path, suffix: str) -> list[tuple[Path, Path]]:
    """Return (recording, reference) for each reference file with that suffix below `audio`, sorted."""
    found = []
    for reference in sorted(audio.rglob(f"*{suffix}")):
        recordings = [path for path in reference.parent.glob(f"{reference.stem}.*") if path.suffix != suffix]
        found += [(recordings[0], reference)] if len(recordings) == 1 else []
    return found
