import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workers.enrichment.drift import drifts, translation_fault
from app.workers.enrichment.grounding import Source, content_stems
from app.workers.enrichment.numerals import numbers
from tests.workers.enrichment.conftest import MEETING, REUNION

LIBRARY = Source([text for _, text in MEETING], [who for who, _ in MEETING])
BIBLIOTHEQUE = Source([text for _, text in REUNION], [who for who, _ in REUNION])

sentences = st.lists(
    st.lists(st.text("abcdeé", min_size=3, max_size=9), min_size=3, max_size=9).map(" ".join), min_size=1, max_size=12
)


@pytest.mark.parametrize(
    ("statement", "segments"),
    [
        ("The heating was repaired on Monday for 2,000 euros.", (0,)),
        ("Marc will ask the town for funding of the second floor.", (4,)),
        ("The library reopens on 14 March.", (0, 3)),
        ("New windows arrive next week", (2,)),
        ("The library reopens on 15 March.", ()),
        ("The bill was three thousand euros.", ()),
        ("Paul bought a new car.", ()),
        ("Marc Dupont will ask the town for the money.", ()),
        ("", ()),
    ],
)
def test_what_was_said_is_found_and_what_was_not_is_not(statement: str, segments: tuple[int, ...]) -> None:
    assert LIBRARY.locate(statement) == segments


@pytest.mark.parametrize(
    ("statement", "segments"),
    [
        ("Le chauffage a été réparé pour 2000 euros.", (0,)),
        ("Marc demandera de l'argent à la mairie.", (4,)),
        ("Réouverture le 14 mars", (3,)),
        ("Réouverture le 15 mars", ()),
        ("Le directeur a démissionné.", ()),
    ],
)
def test_in_french_too(statement: str, segments: tuple[int, ...]) -> None:
    assert BIBLIOTHEQUE.locate(statement) == segments


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("Speaker 2 will tell the warehouse this afternoon.", (1,)),
        ("L'intervenante 2 will tell the warehouse this afternoon.", (1,)),
        ("Speakers 1 and 3 move the delivery to Friday.", (0,)),
        ("Intervenants 1, 2 et 3: the delivery is moved to Friday.", (0,)),
        ("Speaker 7 will tell the warehouse this afternoon.", ()),
        ("Speakers 2 and 7 will tell the warehouse this afternoon.", ()),
        ("Speaker 2 will tell 2 warehouses this afternoon.", ()),
        ("Speakers 1, 2, and 3 move the delivery to Friday.", (0,)),
        ("Speakers 1 to 3 move the delivery to Friday.", (0,)),
        ("Intervenants 1 à 3: the delivery is moved to Friday.", (0,)),
        ("According to Speaker 2, 3 will tell the warehouse this afternoon.", ()),
        ("Selon l'intervenant 2, 3 will tell the warehouse this afternoon.", ()),
    ],
)
def test_what_a_speaker_says_is_found_whatever_their_number(statement: str, found: tuple[int, ...]) -> None:
    said = ["Let us move the delivery to Friday.", "I will tell the warehouse this afternoon.", "Friday suits me."]
    source = Source(said, ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"])
    assert source.locate(statement) == found
    assert source.is_supported(statement) is bool(found)
    named = Source(said, ["Anna", "Ben", "Chloé"])
    assert named.locate("Ben will tell the warehouse this afternoon.") == (1,)
    assert named.locate("Speaker 2 will tell the warehouse this afternoon.") == ()


@pytest.mark.parametrize(
    ("said", "statement", "found"),
    [
        ("The contract will be signed on Friday by Mr. Miller.", "signed on Friday by Mr. Miller.", True),
        ("The contract will be signed on Friday by Mr. Miller.", "signed on Friday by Mr. Jones.", False),
        ("The contract will be signed on Friday by Mr. Miller.", "signed on Friday by Dr. Miller.", True),
        ("The contract will be signed on Friday by Mr. Miller.", "signed on Friday by Doctor Miller.", True),
        ("The contract will be signed on Friday by Mr. Miller.", "signed on Friday by J. Jones.", False),
        ("Le contrat sera signé vendredi par monsieur Durand.", "signé vendredi par M. Durand.", True),
        ("Le contrat sera signé vendredi par monsieur Durand.", "signé vendredi par M. Martin.", False),
        ("Le contrat sera signé vendredi par monsieur Durand.", "signé vendredi par M.\u00a0Martin.", False),
        ("Le contrat sera signé vendredi par Mme Durand.", "signé vendredi par Madame Durand.", True),
        ("Le contrat sera signé vendredi par Mme Durand.", "signé vendredi par Mme Martin.", False),
    ],
)
def test_a_name_after_a_title_or_an_initial_must_have_been_said_and_the_title_need_not(
    said: str, statement: str, found: bool
) -> None:
    subject = "The contract will be" if said.startswith("The") else "Le contrat sera"
    source = Source([said])

    assert source.locate(f"{subject} {statement}") == ((0,) if found else ())
    assert source.is_supported(f"{subject} {statement}") is found


def test_after_a_real_end_of_a_sentence_a_capital_letter_makes_no_name() -> None:
    source = Source(["We chose article 5 in the end."])

    assert source.is_supported("The choice is article 5. Painters come next.")
    assert source.is_supported("They said no. Painters come next.")


def test_a_wrong_reference_is_replaced_by_the_right_one() -> None:
    assert LIBRARY.locate("New windows arrive next week", [0]) == (2,)
    assert LIBRARY.locate("New windows arrive next week", [2]) == (2,)
    assert LIBRARY.locate("New windows arrive next week", [999]) == (2,)


def test_only_what_was_shown_counts() -> None:
    assert LIBRARY.locate("New windows arrive next week", among=[0, 1]) == ()


def test_in_another_language_numbers_decide_and_the_models_reference_stays() -> None:
    other = Source([text for _, text in MEETING], same_language=False)

    assert other.locate("La bibliothèque rouvre le 14 mars", [3]) == (3,)
    assert other.locate("La bibliothèque rouvre le 15 mars", [3]) == ()
    assert other.locate("La bibliothèque rouvre", []) == ()


def test_a_no_is_not_turned_into_a_yes() -> None:
    source = Source(["We will not buy the printer this year, it is too expensive.", "We paint the room."])

    assert not source.agrees("Buy the printer this year", [0])
    assert source.agrees("Do not buy the printer this year", [0])
    assert source.agrees("Paint the room", [1])
    assert not Source(["We will not pay Mr. Miller for the roof."]).agrees("Settle with Miller for the roof", [0])


@given(sentences, st.data())
@settings(deadline=None)
def test_a_sentence_of_the_transcript_is_found_where_it_stands(said: list[str], data: st.DataObject) -> None:
    source = Source(said)
    index = data.draw(st.integers(0, len(said) - 1))

    found = source.locate(said[index])

    if content_stems(said[index]):
        assert found
        stems = set(content_stems(said[index]))
        assert any(stems & set(content_stems(said[position])) for position in found)


@given(sentences, st.integers(2, 10**6))
@settings(deadline=None)
def test_a_number_that_nobody_said_is_never_found(said: list[str], number: int) -> None:
    source = Source(said)

    for text in said:
        assert source.locate(f"{text} {number}") == ()
        assert not source.is_supported(f"{text} {number}")


@given(sentences, st.data())
@settings(deadline=None)
def test_a_quote_is_found_word_for_word_across_segments(said: list[str], data: st.DataObject) -> None:
    source = Source(said)
    words = [(position, word) for position, text in enumerate(said) for word in text.split()]
    if len(words) < 3:
        return
    start = data.draw(st.integers(0, len(words) - 3))
    end = data.draw(st.integers(start + 3, len(words)))
    quote = "« " + ", ".join(word.upper() for _, word in words[start:end]) + " ! »"

    found = source.quoted(quote)

    assert found
    assert source.quoted(f"{quote} zzz") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("deux mille trois cents euros", {"2300"}),
        ("2 300 euros, 2,300 or 2.300", {"2300"}),
        ("two thousand three hundred", {"2300"}),
        ("quatre-vingt-dix-sept et soixante et onze", {"97", "71"}),
        ("the fourteenth of March, le quatorze mars, the 14th", {"14"}),
        ("quatre-vingt-un", {"81"}),
        ("one hundred and twenty-three thousand", {"123000"}),
        ("trois millions deux cent mille", {"3200000"}),
        ("12,5 % and 12.5 %", {"12.5"}),
        ("rien du tout", set()),
    ],
)
def test_numbers_are_the_same_in_digits_and_in_words(text: str, found: set[str]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("original", "corrected"),
    [
        ("we meet on monday at the libary with Marc", "We meet on Monday at the library with Marc."),
        ("il fauts que nous parlions du chaufage", "Il faut que nous parlions du chauffage."),
        ("j'ai pas vu Anna", "Je n'ai pas vu Anna."),
        ("ok", "OK."),
    ],
)
def test_a_correction_is_taken(original: str, corrected: str) -> None:
    assert drifts(original, corrected) is None


@pytest.mark.parametrize(
    ("original", "corrected", "why"),
    [
        ("The bill is 200 euros", "The bill is 300 euros", "number"),
        ("We will not sell the house", "We will sell the house", "negation"),
        ("We meet with Marc on Monday", "We meet with Paul on Monday", "name"),
        ("We meet with Mr. Miller on Monday", "We meet with Mr. Jones on Monday", "name"),
        ("We meet with Mr. Miller on Monday", "We meet with Dr. Miller on Monday", "name"),
        ("we meet on monday", "In summary the team gathers", "words"),
        ("Oui", "Non", "spelled"),
        ("a word", "", "nothing"),
    ],
)
def test_what_drifts_is_rejected(original: str, corrected: str, why: str) -> None:
    assert why in str(drifts(original, corrected))


@given(sentences)
@settings(deadline=None)
def test_what_is_left_as_it_was_never_drifts(said: list[str]) -> None:
    for text in said:
        assert drifts(text, text) is None
        assert drifts(text, f"{text.capitalize()}.") is None


@pytest.mark.parametrize(
    ("translated", "fits"),
    [
        ("Le chauffage de la bibliothèque a été réparé pour 2000 euros.", True),
        ("The heating of the library was repaired for 2000 euros.", False),
        ("Le chauffage de la bibliothèque a été réparé.", False),
        ("Chauffage", False),
        ("2014-02-15 11:00:56 2000 13.14.00 bibliothèque", False),
        ("", False),
    ],
)
def test_a_translation_is_another_text_of_about_its_length_with_its_numbers(translated: str, fits: bool) -> None:
    original = "The heating of the library was repaired for 2000 euros."

    assert (translation_fault(original, translated) is None) is fits


@pytest.mark.parametrize(
    "others",
    [
        "图书馆明年春天将重新开放，届时二楼会有一间儿童阅览室，还有一个大家都可以使用的会议室。",
        "図書館は来年の春に再び開館し、二階には子どものための読書室と、誰でも使える会議室ができます。",
    ],
)
def test_scripts_without_spaces_are_as_long_as_what_they_translate(others: str) -> None:
    english = (
        "The library will open again next spring, and on the second floor there will be a reading room for children and"
        " a meeting room that everybody can use."
    )

    assert translation_fault(english, others) is None
    assert translation_fault(others, english) is None
    assert translation_fault(english, others[:4]) == "its length is not that of the original"
    assert translation_fault(others, "The library.") == "its length is not that of the original"
    assert translation_fault(others, others) == "it is not translated"


@pytest.mark.parametrize(
    "others",
    [
        (
            "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊ တူညီလွတ်လပ်သော အခွင့်အရေးများဖြင့် လည်းကောင်း၊ မွေးဖွားလာသူများ ဖြစ်သည်။"
            "ထိုသူတို့၌ ပိုင်းခြား ဝေဖန်တတ်သော ဉာဏ်နှင့် ကျင့်ဝတ် သိတတ်သော စိတ်တို့ရှိကြ၍ ထိုသူတို့သည် အချင်းချင်း မေတ္တာထား၍ ဆက်ဆံကျင့်သုံးသင့်၏။"
        ),
        (
            "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌། ཐོབ་ཐངགི་རང་དབང་འདྲ་མཉམ་དུ་ཡོད་ལ། ཁོང་ཚོར་རང་བྱུང་གི་བློ་རྩལ་དང་བསམ་ཚུལ་"
            "བཟང་པོ་འདོན་པའི་འོས་བབས་ཀྱང་ཡོད། དེ་བཞིན་ཕན་ཚུན་གཅིག་གིས་གཅིག་ལ་བུ་སྤུན་གྱི་འདུ་ཤེས་འཛིན་པའི་བྱ་སྤྱོད་ཀྱང་ལག་ལེན་བསྟར་དགོས་པ་ཡིན༎"
        ),
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
    ],
    ids=["Burmese", "Tibetan", "Thai"],
)
def test_vowels_and_tones_are_no_letters_of_their_own(others: str) -> None:
    """After the first article of the Universal Declaration of Human Rights."""
    english = (
        "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and"
        " should act towards one another in a spirit of brotherhood."
    )

    assert translation_fault(english, others) is None
    assert translation_fault(others, english) is None


@pytest.mark.parametrize(
    ("original", "translated"),
    [
        ("この契約は15万円です。", "This contract costs 150,000 yen."),
        ("The contract costs 150,000 yuan.", "合同金额为15万元。"),
    ],
)
def test_numbers_counted_in_ten_thousands_are_not_missing(original: str, translated: str) -> None:
    assert translation_fault(original, translated) is None


def test_figures_are_translated_by_figures() -> None:
    assert translation_fault("12 15 18 euros", "12 15 18 euros") is None
