"""Text that nobody said is taken out, with its reason; what somebody may have said stays."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.transcript import ChunkText, Segment, Word
from app.workers.transcription.text.guards import Voice, guarded, on_silence, went_wrong
from app.workers.transcription.text.phantoms import nobody_says, often_made_up


def heard(text: str, *, start: float = 0.0, seconds: float = 0.4, probability: float = 0.9) -> Segment:
    words = tuple(
        Word(start + index * seconds, start + (index + 1) * seconds, f" {said}", probability)
        for index, said in enumerate(text.split())
    )
    return Segment(
        start,
        words[-1].end,
        text,
        words,
        average_log_probability=-0.3,
        no_speech_probability=0.1,
        compression_ratio=1.2,
    )


def without_words(text: str, seconds: float = 5.0) -> Segment:
    return replace(heard(text), words=(), end=seconds)


def everywhere(start: float, end: float) -> float:
    return end - start


def nowhere(start: float, end: float) -> float:
    return 0.0


def texts(result: ChunkText) -> list[str]:
    return [segment.text for segment in result.segments]


def reasons(result: ChunkText) -> list[tuple[str, str]]:
    return [(dropped.reason, dropped.text) for dropped in result.dropped]


WORDS = st.sampled_from(["oui", "non", "merci", "on", "y", "va.", "Bien,", "Thank", "you.", "...", "—", "字幕", "5"])


@given(
    st.lists(
        st.tuples(st.lists(WORDS, min_size=1, max_size=30), st.integers(1, 15), st.floats(-3, 0), st.floats(0, 1)),
        max_size=6,
    ),
    st.booleans(),
    st.booleans(),
)
def test_every_word_is_kept_or_dropped_once_and_in_order(
    drawn: list[tuple[list[str], int, float, float]], with_words: bool, voiced: bool
) -> None:
    clock = 0.0
    segments = []
    for words, rounds, log_probability, no_speech in drawn:
        segment = heard(" ".join(words * rounds), start=clock, seconds=0.2)
        segment = replace(segment, average_log_probability=log_probability, no_speech_probability=no_speech)
        segments.append(segment if with_words else replace(segment, words=()))
        clock = segment.end
    result = guarded(segments, everywhere if voiced else nowhere)
    pieces = sorted([*result.segments, *result.dropped], key=lambda piece: (piece.start, piece.end))
    assert " ".join(piece.text for piece in pieces).split() == [w for segment in segments for w in segment.text.split()]
    for kind in (result.segments, result.dropped):
        for piece, following in pairwise(kind):
            assert piece.start <= piece.end <= following.start + 1e-9
    for segment in result.segments:
        assert bool(segment.words) == with_words
        if with_words:
            assert segment.text == "".join(word.text for word in segment.words).strip()


@pytest.mark.parametrize(
    "said",
    [
        "Oui. Oui. Oui.",
        "No, no, no, no, no, no!",
        "Let me in, let me in, let me in, let me in!",
        "Ask not what your country can do for you, ask what you can do for your country.",
        "one two three one two three one two three one two three",
        "Les sous-titres sont prêts, je les envoie ce soir.",
        "The subtitles by Anna arrived on Friday morning, thank you.",
        "Merci.",
        "Thank you for watching the children yesterday.",
        "We put the subtitles on amara.org last week.",
        "Je vous remercie de votre attention.",
        "Subscribe to the list and you will hear from us.",
    ],
)
@pytest.mark.parametrize("with_words", [True, False])
def test_what_people_say_stays(said: str, *, with_words: bool) -> None:
    result = guarded([heard(said) if with_words else without_words(said)], everywhere)
    assert " ".join(texts(result)) == said
    assert result.dropped == ()


def test_a_loop_keeps_its_first_round() -> None:
    result = guarded([heard("We begin. " + "I am not sure. " * 12 + "Then we went home.")], everywhere)
    assert texts(result) == ["We begin.", "I am not sure.", "Then we went home."]
    assert reasons(result) == [("repetition", ("I am not sure. " * 11).strip())]


def test_a_loop_over_several_windows_keeps_its_first_round() -> None:
    windows = [heard("So we go on and on.", start=30.0 * number) for number in range(4)]
    result = guarded([*windows, heard("Next point.", start=130)], everywhere)
    assert texts(result) == ["So we go on and on.", "Next point."]
    assert [dropped.start for dropped in result.dropped] == [30.0, 60.0, 90.0]


def test_the_round_that_a_loop_does_not_finish_goes_too() -> None:
    result = guarded([heard("et on va voir ce que " * 5 + "et on va")], everywhere)
    assert texts(result) == ["et on va voir ce que"]


def test_a_loop_inside_a_word_or_a_script_without_spaces_goes() -> None:
    for said in ("ha" * 40, "好的" * 30):
        result = guarded([heard(said)], everywhere)
        assert (texts(result), reasons(result)) == ([], [("repetition", said)])


def test_of_what_is_said_beside_a_word_that_is_drawn_out_nothing_goes() -> None:
    for drawn_out in ("N" + "o" * 14 + "!", "ha" * 14 + "."):
        result = guarded([heard(f"We meet on Monday at ten. {drawn_out} Then Anna takes over.")], everywhere)
        assert texts(result) == ["We meet on Monday at ten.", "Then Anna takes over."]
        assert reasons(result) == [("repetition", drawn_out)]


NOUNS = ("cat", "dog", "cow", "hen", "pig", "rat")
NEARLY_A_LOOP = " ".join(f"and the {noun} and the" for noun in (*NOUNS, *NOUNS))


@pytest.mark.parametrize(
    ("signs", "voice"),
    [
        ({"average_log_probability": -1.1}, everywhere),
        ({"no_speech_probability": 0.7}, everywhere),
        ({"words": heard(NEARLY_A_LOOP, probability=0.4).words}, everywhere),
        ({}, lambda start, end: 0.2 * (end - start)),
    ],
)
def test_a_text_that_compresses_too_well_goes_where_anything_else_speaks_against_it(
    signs: dict[str, Any], voice: Voice
) -> None:
    result = guarded([replace(heard(NEARLY_A_LOOP), **signs)], voice)
    assert {reason for reason, _ in reasons(result)} == {"repetition"}
    assert len(" ".join(texts(result))) <= len(NEARLY_A_LOOP) / 2
    assert " ".join(texts(guarded([heard(NEARLY_A_LOOP)], everywhere))) == NEARLY_A_LOOP


NAMES = st.lists(
    st.sampled_from(
        [
            "Dupont",
            "Martin",
            "Bernard",
            "Petit",
            "Durand",
            "Leroy",
            "Moreau",
            "Simon",
            "Laurent",
            "Lefebvre",
            "Michel",
            "Garcia",
            "David",
            "Bertrand",
            "Roux",
        ]
    ),
    min_size=3,
    max_size=15,
    unique=True,
)
FORMULAS = st.sampled_from(
    [
        "Monsieur {} ? Présent.",
        "Madame {}, vous votez pour.",
        "Councilmember {}? Aye.",
        "Le bureau de {}, de 8 heures à 12 heures.",
        "श्री {} उपस्थित हैं।",
    ]
)


@given(FORMULAS, NAMES)
def test_a_roll_call_and_a_vote_by_name_stay(formula: str, names: list[str]) -> None:
    said = " ".join(formula.format(name) for name in names)
    result = guarded([heard(said)], everywhere)
    assert " ".join(texts(result)) == said
    assert result.dropped == ()


@given(FORMULAS, st.integers(6, 20))
def test_the_same_name_over_and_over_is_a_loop(formula: str, rounds: int) -> None:
    said = formula.format("Dupont")
    result = guarded([heard(" ".join([said] * rounds))], everywhere)
    assert " ".join(texts(result)).count("Dupont") == 1


@pytest.mark.parametrize(
    "said",
    [
        (
            "भारत एक विशाल देश है जिसमें अनेक भाषाएँ बोली जाती हैं। यहाँ के लोग अलग-अलग धर्मों को मानते हैं और विभिन्न प्रकार के"
            " त्योहार मनाते हैं। हमारी बैठक आज सुबह दस बजे शुरू हुई और सभी सदस्यों ने अपने विचार प्रस्तुत किए।"
        ),
        (
            "தமிழ் மொழி உலகின் மிகப் பழமையான மொழிகளில் ஒன்றாகும். இன்று காலை பத்து மணிக்கு எங்கள் கூட்டம் தொடங்கியது."
            " அனைத்து உறுப்பினர்களும் தங்கள் கருத்துகளை வெளிப்படுத்தினர்."
        ),
    ],
)
def test_a_script_of_three_bytes_a_character_is_no_loop(said: str) -> None:
    assert not went_wrong([heard(said)])
    assert " ".join(texts(guarded([heard(said)], nowhere))) == said


def test_a_window_that_says_the_same_in_many_segments_went_wrong() -> None:
    assert went_wrong([heard("I am not sure.", start=2.0 * number) for number in range(12)])
    assert not went_wrong([heard("I am not sure.", start=2.0 * number) for number in range(2)])


def test_what_the_decoder_takes_for_silence_goes() -> None:
    segment = replace(heard("I think so."), average_log_probability=-1.2, no_speech_probability=0.7)
    assert on_silence(segment)
    assert reasons(guarded([segment], everywhere)) == [("silence", "I think so.")]
    # Sure of its words, yet there is neither speech nor voice.
    unvoiced = replace(heard("I think so."), no_speech_probability=0.9)
    assert reasons(guarded([unvoiced], nowhere)) == [("silence", "I think so.")]
    assert texts(guarded([unvoiced], everywhere)) == ["I think so."]


@pytest.mark.parametrize("written", ["...", ".", "♪ ♪", "— —"])
def test_signs_without_a_letter_are_silence(written: str) -> None:
    assert [reason for reason, _ in reasons(guarded([without_words(written)], everywhere))] == ["silence"]


def test_guesses_go_and_mumbling_stays() -> None:
    mumbled = replace(heard("we could perhaps", probability=0.4), average_log_probability=-1.3)
    assert went_wrong([mumbled])
    assert texts(guarded([mumbled], everywhere)) == ["we could perhaps"]
    guessed = replace(heard("we could perhaps", probability=0.1), average_log_probability=-1.3)
    assert reasons(guarded([guessed], everywhere)) == [("improbable", "we could perhaps")]


def test_more_text_than_anybody_can_say_goes() -> None:
    said = "This is what the decoder wrote for half a minute of sound when there was one second of it, word after word."
    assert [reason for reason, _ in reasons(guarded([without_words(said, 1.0)], everywhere))] == ["improbable"]
    assert texts(guarded([without_words(said, 5.0)], everywhere)) == [said]


CREDITS = [
    "Sous-titres réalisés par la communauté d'Amara.org",
    "Sous-titres réalisés para la communauté d'Amara.org",
    "SOUS-TITRAGE ST' 501",
    "Sous-titrage Société Radio-Canada",
    "Sous-titrage MFP.",
    "Subtitles by the Amara.org community",
    "Untertitel der Amara.org-Community",
    "Untertitelung des ZDF, 2020",
    "Untertitel im Auftrag des ZDF für funk, 2017",
    "Subtítulos realizados por la comunidad de Amara.org",
    "Legendas pela comunidade Amara.org",
    "Sottotitoli creati dalla comunità Amara.org",
    "Ondertitels ingediend door de Amara.org gemeenschap",
    "Napisy stworzone przez społeczność Amara.org",
    "Altyazı M.K.",
    "Редактор субтитров А.Семкин Корректор А.Егорова",
    "Субтитры сделал DimaTorzok",
    "字幕by索兰娅",
    "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
    "한글자막 by 한효정",
]


@pytest.mark.parametrize("line", CREDITS)
def test_the_credits_of_a_film_go_wherever_they_are(line: str) -> None:
    assert nobody_says(line)
    assert reasons(guarded([heard(line)], everywhere)) == [("phantom", line)]
    for said in (heard(f"On se voit lundi. {line}"), without_words(f"On se voit lundi. {line}")):
        result = guarded([said], everywhere)
        assert (texts(result), reasons(result)) == (["On se voit lundi."], [("phantom", line)])


FAREWELLS = [
    "Merci d'avoir regardé cette vidéo !",
    "Merci.",
    "Abonnez-vous à la chaîne !",
    "Thank you.",
    "Thanks for watching!",
    "Bye.",
    "Please subscribe to my channel.",
    "Vielen Dank.",
    "¡Gracias por ver el video!",
    "Подписывайтесь",
    "Спасибо за просмотр!",
    "ご視聴ありがとうございました",
    "谢谢大家",
    "시청해주셔서 감사합니다",
]


@pytest.mark.parametrize("line", FAREWELLS)
def test_a_farewell_goes_only_where_it_is_weakly_heard(line: str) -> None:
    assert often_made_up(line)
    clear = heard(line)
    assert "".join(texts(guarded([clear], everywhere))) == line
    assert [reason for reason, _ in reasons(guarded([clear], nowhere))] == ["phantom"]
    # One sign of weakness is found in real speech too; two are not.
    doubtful = heard(line, probability=0.3)
    assert "".join(texts(guarded([doubtful], everywhere))) == line
    drawn_out = replace(doubtful, words=(replace(doubtful.words[0], end=28.0), *doubtful.words[1:]), end=28.0)
    assert [reason for reason, _ in reasons(guarded([drawn_out], everywhere))] == ["phantom"]


def test_what_the_decoder_was_told_beforehand_is_no_text_where_nobody_speaks() -> None:
    echo = heard("Zau al-Makan.")
    told = "The tale of Zau al-Makan. Eunuch"
    assert reasons(guarded([echo], nowhere, told)) == [("phantom", "Zau al-Makan.")]
    assert texts(guarded([echo], everywhere, told)) == ["Zau al-Makan."]
    assert texts(guarded([echo], nowhere)) == ["Zau al-Makan."]
