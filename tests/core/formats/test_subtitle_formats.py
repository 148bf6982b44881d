"""Subtitles hold their rules whatever was said, and everything that was said is in them, once."""

import re
from collections import Counter
from dataclasses import replace
from html import unescape
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.formats import DocumentSpeaker, Presentation, TranscriptDocument, render_transcript
from app.core.formats.tokens import columns
from app.core.transcript import Segment, Word

SPEAKERS = {"SPEAKER_00": "Marie Curie", "SPEAKER_01": 'R&D <b> --> "x"', "SPEAKER_02": None}
NAMES = {label: name or label for label, name in SPEAKERS.items()}
LOOK_ALIKES = str.maketrans("<>{}", "‹›()")

# Everything that could be taken for syntax, beside ordinary words and any other character.
pieces = st.one_of(
    st.sampled_from(
        ["oui", "anticonstitutionnellement", "-->", "\n\n", "1", "00:00:01,000 --> 00:00:02,000", "<b>", "&amp;", "{\\an8}",
         "?", "«", "bon\u00a0?", "今日は天気がいいですね" * 8, "x" * 100, "e\u0301" * 50, "\u2028", "\x00", "\x85", "\ufeff"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text(alphabet="abcdefghij .,!?", max_size=60),
)  # fmt: skip


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(st.floats(0, 40_000))
    seconds = draw(st.floats(0, 40))
    speaker = draw(st.sampled_from([None, *SPEAKERS]))
    texts = draw(st.lists(pieces, max_size=25))
    words: list[Word] = []
    for number, text in enumerate(texts if draw(st.booleans()) else []):
        word_start = start + seconds * number / len(texts)
        words.append(Word(word_start, word_start + seconds / len(texts) * draw(st.floats(0, 1)), f" {text}", 0.9))
    return Segment(start, start + seconds, " ".join(texts).strip(), tuple(words), speaker)


documents = st.lists(segments(), max_size=8).map(
    lambda spoken: TranscriptDocument(
        name="réunion.mp3",
        segments=tuple(sorted(spoken, key=lambda segment: (segment.start, segment.end))),
        speakers=tuple(DocumentSpeaker(label, name) for label, name in SPEAKERS.items()),
    )
)


def milliseconds(timecode: str) -> int:
    hours, minutes, seconds, rest = map(int, re.split("[:.,]", timecode))
    assert minutes < 60
    assert seconds < 60
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def parse(block: str, mark: str) -> tuple[int, int, list[str]]:
    timing, *lines = block.split("\n")
    matched = re.fullmatch(rf"(\d\d+:\d\d:\d\d{mark}\d\d\d) --> (\d\d+:\d\d:\d\d{mark}\d\d\d)", timing)
    assert matched, timing
    return milliseconds(matched[1]), milliseconds(matched[2]), lines


presentations = st.builds(
    Presentation,
    speakers=st.booleans(),
    line_length=st.one_of(st.just(42), st.integers(16, 100)),
    lines=st.integers(1, 4),
    reading_speed=st.integers(5, 60),
)


def check_layout(cues: list[tuple[int, int, list[str]]], shown: Presentation) -> None:
    latest = 0
    for number, (start, end, lines) in enumerate(cues):
        assert latest <= start < end
        latest = end
        reading = 1000 * sum(map(columns, lines)) // shown.reading_speed
        assert end - start <= max(7000, reading)
        # Read at that speed, or on the screen until the next thing that is said.
        assert end - start >= reading or end == cues[number + 1][0]
        assert 1 <= len(lines) <= shown.lines
        for line in lines:
            assert line.strip()
            assert columns(line) <= shown.line_length
            assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)


def said(document: TranscriptDocument) -> str:
    """Everything that was said, in order, without white space and what is never printed."""
    return re.sub("[\\s\x00-\x1f\x7f-\x9f\ufeff]", "", "".join(segment.text for segment in document.segments))


def speak_at_once(document: TranscriptDocument) -> bool:
    """Tell whether the words of one may be shown inside what another says."""
    return any(
        first.words and second.start <= first.end and first.speaker != second.speaker
        for first, second in combinations(document.segments, 2)
    )


def check_said(written: str, document: TranscriptDocument) -> None:
    """Everything is there once: one segment after the other, or each in its order where people speak at once."""
    if not speak_at_once(document):
        assert written == said(document)
        return
    assert Counter(written) == Counter(said(document))
    for segment in document.segments:
        left = iter(written)
        assert all(character in left for character in said(TranscriptDocument(name="", segments=(segment,))))


@given(documents, presentations)
@settings(deadline=None, max_examples=150)
def test_webvtt_parses_back_to_what_was_said(document: TranscriptDocument, shown: Presentation) -> None:
    rendered = render_transcript(document, "vtt", shown)
    assert rendered.media_type == "text/vtt"
    header, *blocks = rendered.content.decode().removesuffix("\n").split("\n\n")
    assert header.strip() == "WEBVTT"
    cues = []
    for block in blocks:
        start, end, lines = parse(block, r"\.")
        text = "\n".join(lines)
        if voice := re.match("<v ([^<>]+)>", text):
            assert shown.speakers
            assert unescape(voice[1]) in NAMES.values()
            text = text[voice.end() :].removesuffix("</v>")
        assert not set(text) & set("<>")
        assert not re.search("&(?!amp;|lt;|gt;)", text)
        cues.append((start, end, unescape(text).split("\n")))
    check_layout(cues, shown)
    check_said(re.sub(r"\s", "", "".join(line for _, _, lines in cues for line in lines)), document)


@given(documents, presentations)
@settings(deadline=None, max_examples=150)
def test_subrip_parses_back_to_what_was_said(document: TranscriptDocument, shown: Presentation) -> None:
    rendered = render_transcript(document, "srt", shown).content.decode()
    blocks = rendered.removesuffix("\n").split("\n\n") if rendered else []
    cues = []
    for number, block in enumerate(blocks, start=1):
        first, _, rest = block.partition("\n")
        assert first == str(number)
        cues.append(parse(rest, ","))
        assert not set("\n".join(cues[-1][2])) & set("<>{}")
    check_layout(cues, shown)
    written = "".join(line for _, _, lines in cues for line in lines)
    if speak_at_once(document):
        return  # who is announced where depends on the cues: see the calls below
    expected, announced = "", None
    for segment in document.segments:
        if re.sub("[\\s\x00-\x1f\x7f-\x9f\ufeff]", "", segment.text):
            if shown.speakers and segment.speaker and segment.speaker != announced:
                expected += announcement(NAMES[segment.speaker], shown.line_length).replace(" ", "")
            announced = segment.speaker
            expected += said(TranscriptDocument(name="", segments=(segment,)))
    assert re.sub(r"\s", "", written) == expected.translate(LOOK_ALIKES)


def announcement(name: str, line_length: int) -> str:
    kept = name[: line_length * 5 // 7]
    return f"{name}:" if kept == name else f"{kept.rstrip()}…:"


def spoken(text: str, start: float, seconds_a_word: float, speaker: str | None = None) -> Segment:
    """A segment whose words follow one another without a pause."""
    words = [
        Word(start + n * seconds_a_word, start + (n + 1) * seconds_a_word, f" {word}", 0.9, speaker)
        for n, word in enumerate(text.split(" "))
    ]
    return Segment(start, words[-1].end, text, tuple(words), speaker)


def subtitles(*segments: Segment, **shown: int) -> list[tuple[int, int, list[str]]]:
    document = TranscriptDocument(name="a.wav", segments=segments)
    rendered = render_transcript(document, "vtt", Presentation(**shown)).content.decode()
    return [parse(block, r"\.") for block in rendered.rstrip("\n").split("\n\n")[1:]]


def test_a_long_segment_is_divided_at_its_sentences_by_the_times_of_its_words() -> None:
    text = (
        "The committee met on Monday to look at the budget. Nobody had read the report, so it was put off until June."
    )
    cues = subtitles(spoken(text, 10.0, 0.3))
    assert [" ".join(lines) for _, _, lines in cues] == [text[:50], text[51:]]
    assert cues[0][:2] == (10_000, 13_000)
    assert cues[1][0] == 13_000


def test_a_long_pause_inside_a_segment_parts_two_cues() -> None:
    words = (Word(0, 0.5, " Well", 1), Word(0.5, 1, " then", 1), Word(6, 6.5, " we", 1), Word(6.5, 7.5, " begin", 1))
    cues = subtitles(Segment(0, 7.5, "Well then we begin", words))
    assert [(start, lines) for start, _, lines in cues] == [(0, ["Well then"]), (6000, ["we begin"])]


def test_two_lines_are_balanced_and_break_where_the_clause_does() -> None:
    cues = subtitles(spoken("If you have the time tomorrow, come and see us at the office.", 0, 0.2))
    assert cues[0][2] == ["If you have the time tomorrow,", "come and see us at the office."]


def test_short_lines_are_filled_alike() -> None:
    text = "Nobody had read the report, so it was put off until June."
    cues = subtitles(spoken(text, 0, 0.3), line_length=20, lines=3)
    assert [lines for _, _, lines in cues] == [["Nobody had read the", "report, so it was", "put off until June."]]


def test_a_title_before_a_name_is_no_place_for_a_cue_to_end() -> None:
    cues = subtitles(spoken("Nous avons invité hier soir à la mairie M. Dupont et son adjointe.", 0, 0.3), lines=1)
    assert len(cues) == 2
    assert "M. Dupont" in cues[1][2][0]


def test_one_line_is_one_line() -> None:
    cues = subtitles(spoken("Nobody had read the report, so it was put off until June.", 0, 0.3), lines=1)
    assert [lines for _, _, lines in cues] == [["Nobody had read the report,"], ["so it was put off until June."]]


def test_a_cue_stays_for_as_long_as_it_takes_to_read() -> None:
    hurried = spoken("Nobody had read the report.", 0, 0.1)
    assert [cue[:2] for cue in subtitles(hurried, reading_speed=9)] == [(0, 3000)]
    assert [cue[:2] for cue in subtitles(hurried, spoken("No.", 2, 2), reading_speed=9)] == [(0, 2000), (2000, 4000)]
    assert subtitles(hurried, reading_speed=5, line_length=100)[0][1] == 5400
    slowly = "The committee met on Monday to look at the budget of the year."
    assert subtitles(spoken(slowly, 0, 0.1), reading_speed=5)[-1][1] == pytest.approx(12_400, abs=400)


def test_where_a_hurried_sentence_is_parted_goes_by_the_time_there_is_to_read() -> None:
    hurried = spoken("Wait. We cannot go in there. Not now, not ever.", 0, 0.1)
    fast, slow = (subtitles(hurried, lines=1, reading_speed=speed) for speed in (60, 17))
    assert [lines for _, _, lines in fast] == [["Wait. We cannot go in there."], ["Not now, not ever."]]
    # The long part is the one that can stay in the silence behind it.
    assert [lines for _, _, lines in slow] == [["Wait."], ["We cannot go in there. Not now, not ever."]]


def test_french_punctuation_never_begins_a_line() -> None:
    text = "Est-ce que vous avez bien compris pourquoi ? « Pas du tout » : voilà ce que répondit le vieux monsieur !"
    lines = [line for _, _, cue in subtitles(spoken(text, 0, 0.3)) for line in cue]
    assert not [line for line in lines if re.match("[?!:;»]", line) or line.endswith("«")]


def test_a_short_word_stays_long_enough_to_be_read() -> None:
    assert subtitles(spoken("Oui.", 3.0, 0.2)) == [(3000, 4000, ["Oui."])]


def test_a_short_word_makes_room_for_the_next_one() -> None:
    cues = subtitles(spoken("Oui.", 3.0, 0.2), spoken("Non.", 3.5, 0.2))
    assert [cue[:2] for cue in cues] == [(3000, 3500), (3500, 4500)]


def test_people_who_speak_at_once_are_shown_one_after_the_other() -> None:
    first, second = spoken("Let me finish what I was saying.", 0.0, 0.5), spoken("No, no, no.", 0.1, 0.3)
    assert [cue[:2] for cue in subtitles(first, second)] == [(0, 1000), (1000, 2000)]


LONG = "Well, we looked at the budget on Monday, and nobody had read it, so we put it off until June or July."


def call(*segments: Segment, kind: str = "srt") -> list[tuple[int, int, str]]:
    """Return the subtitles of a call between Marie and Paul, each as one line."""
    document = TranscriptDocument(
        name="call.wav",
        segments=tuple(sorted(segments, key=lambda segment: (segment.start, segment.end))),
        speakers=(DocumentSpeaker("SPEAKER_00", "Marie"), DocumentSpeaker("SPEAKER_01", "Paul")),
    )
    blocks = render_transcript(document, kind).content.decode().rstrip("\n").split("\n\n")
    cues = [parse(block.partition("\n")[2], ",") for block in blocks]
    return [(start, end, " ".join(lines)) for start, end, lines in cues]


def test_who_says_a_word_into_a_long_sentence_is_shown_when_it_is_said() -> None:
    cues = call(spoken(LONG, 0.0, 0.6, "SPEAKER_00"), spoken("Oui.", 3.1, 0.2, "SPEAKER_01"))
    assert cues == [
        (0, 3100, "Marie: Well, we looked at the budget"),
        (3100, 4100, "Paul: Oui."),
        (4100, 7800, "Marie: on Monday, and nobody had read it,"),
        (7800, 13200, "so we put it off until June or July."),
    ]


def test_who_begins_over_the_last_word_of_another_tears_nothing_off() -> None:
    asked, answered = spoken("Will you come on Monday?", 0.0, 0.5, "SPEAKER_00"), spoken("Yes.", 1.9, 1.5, "SPEAKER_01")
    assert call(asked, answered) == [(0, 1900, "Marie: Will you come on Monday?"), (1900, 3400, "Paul: Yes.")]


def test_of_two_who_begin_together_none_is_torn_apart() -> None:
    first, second = (
        spoken("Let me finish what I was saying.", 0.0, 0.5, "SPEAKER_00"),
        spoken("No, no, no.", 0.1, 0.3, "SPEAKER_01"),
    )
    assert call(first, second) == [
        (0, 1000, "Marie: Let me finish what I was saying."),
        (1000, 2000, "Paul: No, no, no."),
    ]


def test_two_who_go_on_at_once_take_turns_cue_by_cue() -> None:
    cues = call(spoken(LONG, 0.0, 0.6, "SPEAKER_00"), spoken(LONG.upper(), 2.9, 0.6, "SPEAKER_01"))
    assert [(start, text) for start, _, text in cues] == [
        (0, "Marie: Well, we looked at the"),
        (2900, "Paul: WELL, WE LOOKED AT THE BUDGET ON MONDAY, AND NOBODY HAD"),
        (3900, "Marie: budget on Monday, and nobody had read it,"),
        (7800, "so we put it off until June or July."),
        (9500, "Paul: READ IT, SO WE PUT IT OFF UNTIL JUNE OR JULY."),
    ]


def test_without_the_times_of_words_a_segment_is_shown_as_a_whole() -> None:
    long = spoken(LONG, 0.0, 0.6, "SPEAKER_00")
    for whole in (Segment(long.start, long.end, LONG, (), "SPEAKER_00"), replace(long, text=f"{LONG[:-1]}!")):
        texts = [text for _, _, text in call(whole, spoken("Oui.", 3.0, 0.2, "SPEAKER_01"))]
        assert texts[-1] == "Paul: Oui."
        assert not [text for text in texts[1:-1] if ":" in text]


@st.composite
def calls(draw: st.DrawFn) -> TranscriptDocument:
    """Up to three people, each on a channel of their own, whose words are numbered: `2w17` is the third one's."""
    spoken_by_all = []
    for channel in range(draw(st.integers(2, 3))):
        clock, number = 0.0, 0
        for count, gap, pace in draw(
            st.lists(st.tuples(st.integers(1, 30), st.floats(0, 6), st.floats(0.05, 1.5)), min_size=1, max_size=4)
        ):
            clock += gap
            pause_after, pause = draw(st.integers(0, 30)), draw(st.floats(0, 4))
            begun, words = clock, []
            mark, every = draw(st.sampled_from([",", ".", "?"])), draw(st.integers(1, 9))
            for n in range(count):
                words.append(
                    Word(
                        clock,
                        clock + pace,
                        f" {channel}w{number}{mark if n % every == 0 else ''}",
                        0.9,
                        f"SPEAKER_0{channel}",
                    )
                )
                number += 1
                clock += pace + (pause if n == pause_after else 0)
            text = "".join(word.text for word in words).strip()
            spoken_by_all.append(Segment(begun, words[-1].end, text, tuple(words), f"SPEAKER_0{channel}"))
    return TranscriptDocument(
        name="call.wav",
        segments=tuple(sorted(spoken_by_all, key=lambda segment: (segment.start, segment.end))),
        speakers=tuple(DocumentSpeaker(f"SPEAKER_0{channel}", f"Person {channel}") for channel in range(3)),
    )


def numbered(text: str) -> list[str]:
    return re.findall(r"\dw\d+", text)


@given(calls(), presentations)
@settings(deadline=None, max_examples=100)
def test_on_a_call_each_cue_comes_with_its_first_word_or_right_after_an_earlier_one(
    document: TranscriptDocument, shown: Presentation
) -> None:
    blocks = render_transcript(document, "vtt", shown).content.decode().rstrip("\n").split("\n\n")[1:]
    said_at = {numbered(word.text)[0]: word.start for segment in document.segments for word in segment.words}
    cues = [parse(block, r"\.") for block in blocks]
    check_layout([(start, end, re.sub("<.*?>", "", "\n".join(lines)).split("\n")) for start, end, lines in cues], shown)
    written = [numbered(" ".join(lines)) for _, _, lines in cues]
    # No word lost or doubled, each speaker's in order, no cue of two.
    everything = [word for words in written for word in words]
    assert sorted(everything, key=list(said_at).index) == list(said_at)
    for channel in "012":
        assert [word for word in everything if word[0] == channel] == [word for word in said_at if word[0] == channel]
    assert all(len({word[0] for word in words}) == 1 for words in written)
    # In the order of their first words, each at that word, or once the one before has had its second.
    first = [round(1000 * said_at[words[0]]) for words in written]
    assert first == sorted(first)
    starts = [start for start, _, _ in cues]
    assert starts[0] == first[0]
    assert all(start >= heard for start, heard in zip(starts, first, strict=True))
    for (before, start), heard in zip(pairwise(starts), first[1:], strict=True):
        assert start == heard or start <= before + 1000


@given(calls())
@settings(deadline=None, max_examples=100)
def test_on_a_call_every_change_of_speaker_is_announced_and_nothing_else(document: TranscriptDocument) -> None:
    announced = None
    for block in render_transcript(document, "srt").content.decode().rstrip("\n").split("\n\n"):
        _, _, lines = parse(block.partition("\n")[2], ",")
        text = " ".join(lines)
        (speaker,) = {word[0] for word in numbered(text)}
        assert text.startswith(f"Person {speaker}: ") == (speaker != announced)
        assert text.count("Person") == (speaker != announced)
        announced = speaker


def test_an_edited_text_is_shown_and_shares_the_segments_time() -> None:
    heard = spoken("one two three four", 0.0, 1.0)
    edited = Segment(0.0, 4.0, "What was really said.", heard.words)
    assert subtitles(edited) == [(0, 4000, ["What was really said."])]


def test_the_speaker_is_announced_at_a_change_only() -> None:
    document = TranscriptDocument(
        name="a.wav",
        segments=(
            spoken("Hello.", 0, 1.5, "SPEAKER_00"),
            spoken("How are you?", 2, 0.5, "SPEAKER_00"),
            spoken("Fine.", 5, 1.5, "SPEAKER_01"),
        ),
        speakers=(DocumentSpeaker("SPEAKER_00", "Marie"), DocumentSpeaker("SPEAKER_01", "x" * 60)),
    )
    text = [
        block.split("\n", 2)[2]
        for block in render_transcript(document, "srt").content.decode().rstrip("\n").split("\n\n")
    ]
    assert text == ["Marie: Hello.", "How are you?", "x" * 30 + "…: Fine."]


@pytest.mark.parametrize(
    ("start", "timing"),
    [
        (0.0, "00:00:00,000 --> 00:00:01,500"),
        (36_000.0, "10:00:00,000 --> 10:00:01,500"),
        (360_000.0, "100:00:00,000 --> 100:00:01,500"),
    ],
)
def test_hours_take_the_digits_they_need(start: float, timing: str) -> None:
    document = TranscriptDocument(name="a.wav", segments=(spoken("Hello.", start, 1.5),))
    assert render_transcript(document, "srt").content.decode().split("\n")[1] == timing
