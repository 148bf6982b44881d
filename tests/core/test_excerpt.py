"""Parts of transcripts."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from app.core.excerpt import excerpt
from app.core.formats import DocumentEnrichment, DocumentSpeaker, TranscriptDocument
from app.core.transcript import Segment, SpeakerTurn

LABELS = ("SPEAKER_00", "SPEAKER_01", None)
seconds = st.floats(0, 100, allow_nan=False)
stretches = st.tuples(seconds, st.floats(0.01, 20), st.sampled_from(LABELS))


@st.composite
def documents(draw: st.DrawFn) -> TranscriptDocument:
    said = sorted(draw(st.lists(stretches, max_size=8)), key=lambda stretch: stretch[0])
    turns = draw(st.lists(stretches, max_size=8))
    return TranscriptDocument(
        name="a.wav",
        segments=tuple(Segment(start, start + length, "x", (), speaker) for start, length, speaker in said),
        machine_speakers=tuple(speaker for _, _, speaker in said),
        duration_seconds=draw(st.none() | st.just(130.0)),
        speakers=(DocumentSpeaker("SPEAKER_00", "Anna"), DocumentSpeaker("SPEAKER_01")),
        turns=tuple(SpeakerTurn(start, start + length, speaker) for start, length, speaker in turns if speaker),
        enrichment=DocumentEnrichment(title="A", summary="B", points=("C",)),
    )


@given(documents(), st.lists(seconds, max_size=4).map(sorted))
def test_parts_that_follow_one_another_are_the_whole(document: TranscriptDocument, cuts: list[float]) -> None:
    borders = [0.0, *cuts, math.inf]
    parts = [excerpt(document, start, end) for start, end in itertools.pairwise(borders) if start < end]

    assert tuple(segment for part in parts for segment in part.segments) == document.segments
    assert tuple(speaker for part in parts for speaker in part.machine_speakers) == document.machine_speakers
    for part in parts:
        behind = part.first_position + len(part.segments)
        assert part.segments == document.segments[part.first_position : behind]
    spoken = sum(turn.end - turn.start for part in parts for turn in part.turns)
    assert math.isclose(spoken, sum(turn.end - turn.start for turn in document.turns), abs_tol=1e-6)


@given(documents(), seconds, st.floats(0.01, 200) | st.just(math.inf))
def test_a_part_says_where_it_is_and_nothing_of_the_rest(
    document: TranscriptDocument, start: float, length: float
) -> None:
    part = excerpt(document, start, start + length)

    assert part.enrichment is None
    assert part.bounds is not None
    assert all(math.isfinite(bound) for bound in part.bounds)
    assert all(start <= turn.start < turn.end <= start + length for turn in part.turns)
    heard = {spoken.speaker for spoken in (*part.segments, *part.turns)}
    assert {speaker.label for speaker in part.speakers} == heard - {None}
