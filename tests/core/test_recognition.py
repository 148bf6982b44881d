"""Recognising voices: the likest first, each name once, nobody below the threshold."""

import math
import uuid

from hypothesis import given
from hypothesis import strategies as st

from app.core.recognition import SIMILARITY_NEEDED, KnownVoice, recognise, similarity, unit


def angle(degrees: float) -> tuple[float, float]:
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


def known(name: str, degrees: float, model: str = "m") -> KnownVoice:
    return KnownVoice(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{degrees}"), name, angle(degrees), model)


ANGLES = st.floats(0, 360, allow_nan=False)


@given(
    st.dictionaries(st.sampled_from(["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]), ANGLES),
    st.lists(st.tuples(st.sampled_from(["Anna", "Ben", "Zoë"]), ANGLES), max_size=6),
)
def test_nobody_has_a_name_that_fits_another_better(heard: dict[str, float], voices: list[tuple[str, float]]) -> None:
    people = [known(name, degrees) for name, degrees in voices]
    speakers = {label: angle(degrees) for label, degrees in heard.items()}
    found = recognise(speakers, people, model="m")
    assert len({recognised.name for recognised in found.values()}) == len(found)
    for label, vector in speakers.items():
        for person in people:
            alike = similarity(vector, person.vector)
            if label in found:
                assert found[label].similarity >= SIMILARITY_NEEDED
            holder = next((other for other, recognised in found.items() if recognised.name == person.name), None)
            # Whoever is alike enough and goes without has lost to a likelier pair.
            if alike >= SIMILARITY_NEEDED and holder != label:
                better = [found[each].similarity for each in (label, holder) if each in found]
                assert better
                assert max(better) >= min(1.0, alike)


def test_voices_of_other_models_are_not_compared() -> None:
    assert recognise({"SPEAKER_00": angle(0)}, [known("Anna", 0, "other")], model="m") == {}
    assert recognise({"SPEAKER_00": (1.0, 0.0, 0.0)}, [known("Anna", 0)], model="m") == {}


def test_a_voice_without_direction_is_none() -> None:
    assert unit((0.0, 0.0)) is None
    assert unit((math.nan, 1.0)) is None
    assert unit((3.0, 4.0)) == [0.6, 0.8]


def test_a_voice_is_not_in_its_description() -> None:
    assert "0.8" not in repr(KnownVoice(uuid.uuid4(), "Anna", (0.6, 0.8)))
