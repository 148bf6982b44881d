"""In which words two versions of an enrichment differ, as the reader tells it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.dashboard.modules import STATIC

NODE = Path(sys.executable).with_name("node")
PROGRAM = """
    const { differences } = await import(process.argv[1]);
    const shown = (found) => ({
        ...found, left: Object.fromEntries(found.left), right: Object.fromEntries(found.right), touched: [...found.touched],
    });
    let given = "";
    for await (const part of process.stdin) given += part;
    console.log(JSON.stringify(JSON.parse(given).map(([left, right]) => shown(differences(left, right)))));
"""
Version = dict[str, Any]
Found = dict[str, Any]


def compared(*pairs: tuple[Version, Version]) -> list[Found]:
    said = subprocess.run(
        [NODE, "--input-type=module", "-e", PROGRAM, (STATIC / "reader" / "differences.js").as_uri()],
        input=json.dumps(pairs),
        text=True,
        capture_output=True,
        check=True,
    )
    found: list[Found] = json.loads(said.stdout)
    return found


def only(pieces: list[dict[str, Any]]) -> list[str]:
    """The pieces that the other one has not."""
    return [piece["text"] for piece in pieces if not piece["same"]]


def test_the_words_that_differ_are_marked_and_counted() -> None:
    [found] = compared(
        (
            {"title": "Budget", "summary": "The roof costs 4 200 euros.", "points": ["It rains in.", "Paid in May."]},
            {"title": "Budget", "summary": "The new roof costs 4 300 euros.", "points": ["Paid in June."]},
        )
    )
    assert only(found["left"]["summary.text.0"]) == ["200"]
    assert only(found["right"]["summary.text.0"]) == ["new", "300"]
    # What went, went as a whole: the other point is found again in its new place.
    assert only(found["left"]["points.0.text"]) == ["It rains in."]
    assert (only(found["left"]["points.1.text"]), only(found["right"]["points.0.text"])) == (["May"], ["June"])
    assert (found["gone"], found["come"], sorted(found["touched"])) == (5, 3, ["points", "summary"])


def test_what_came_is_marked_from_its_beginning_to_its_end() -> None:
    [found] = compared(({"points": ["It rains in.", "Paid."]}, {"points": ["It rains in.", "Nobody knew.", "Paid."]}))
    assert {place: only(pieces) for place, pieces in found["right"].items()} == {
        "points.0.text": [], "points.1.text": ["Nobody knew."], "points.2.text": [],
    }  # fmt: skip


def test_answers_of_every_kind_are_compared() -> None:
    left = {
        "actions": [{"what": "Write", "who": "Ann", "due": None, "segments": [1], "start": 2.0}],
        "entities": [{"text": "Okonkwo", "kind": "person", "segments": []}],
        "translation": {"language": "fr", "segments": [{"segment": 0, "text": "Bonjour."}, {"segment": 2, "text": "Oui."}]},
        "topics": ["roof"], "decisions": None, "custom": {"weather": {"said": "rain", "degrees": 7}, "none": None},
    }  # fmt: skip
    right = {
        "actions": [{"what": "Write", "who": "Ben", "due": "today", "segments": [3], "start": 9.0}],
        "entities": [{"text": "Okonkwo", "kind": "place", "segments": []}],
        "translation": {"language": "en", "segments": [{"segment": 2, "text": "Oui."}, {"segment": 0, "text": "Salut."}]},
        "topics": ["roof", "May"], "custom": {"weather": {"said": "sun", "degrees": 7}},
    }  # fmt: skip
    [found] = compared(({"answers": left}, {"answers": right}))
    assert {place: only(pieces) for place, pieces in found["left"].items() if only(pieces)} == {
        "actions.0.who": ["Ann"], "translation.segments.0.text": ["Bonjour"], "custom.weather.said": ["rain"],
    }  # fmt: skip
    assert {place: only(pieces) for place, pieces in found["right"].items() if only(pieces)} == {
        "actions.0.who": ["Ben"], "actions.0.due": ["today"], "translation.segments.1.text": ["Salut"],
        "topics.1": ["May"], "custom.weather.said": ["sun"],
    }  # fmt: skip


# Few words, so that two texts have some of them; with spaces, marks and no words at all.
TEXTS = st.lists(st.sampled_from(["roof", "May", "Été", "4", ".", ",", " ", "  ", "\n", "房顶漏水"]), max_size=12).map(
    "".join
)
VERSIONS = st.builds(lambda points, summary: {"points": points, "summary": summary}, st.lists(TEXTS, max_size=3), TEXTS)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(VERSIONS, VERSIONS), min_size=20, max_size=40))
def test_every_text_stays_whole_and_what_is_the_same_is_so_on_both_sides(pairs: list[tuple[Version, Version]]) -> None:
    for (left, right), found in zip(pairs, compared(*pairs), strict=True):
        for version, side in ((left, found["left"]), (right, found["right"])):
            for index, text in enumerate(version["points"]):
                pieces = side.get(f"points.{index}.text")
                assert "".join(piece["text"] for piece in pieces or []) == (text if text.strip() else "")
        same = [
            "".join(piece["text"] for pieces in side.values() for piece in pieces if piece["same"]).split()
            for side in (found["left"], found["right"])
        ]
        assert "".join(same[0]) == "".join(same[1])
        if left == right:
            assert (found["gone"], found["come"], found["touched"]) == (0, 0, [])


def test_two_long_texts_are_compared_too() -> None:
    left = " ".join(f"word{number}" for number in range(5000))
    [one, other] = compared(
        ({"summary": left}, {"summary": left.replace("word2500 ", "")}),
        ({"summary": left}, {"summary": " ".join(f"other{number}" for number in range(5000))}),
    )
    assert (one["gone"], one["come"]) == (1, 0)
    assert (other["gone"], other["come"]) == (5000, 5000)
