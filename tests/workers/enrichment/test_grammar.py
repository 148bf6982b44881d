import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workers.enrichment.engine import Prompt, Sampling
from app.workers.enrichment.grammar import UnsupportedSchema, grammar
from app.workers.enrichment.llama import LlamaModel
from tests.workers.enrichment.gbnf import texts

names = st.text('abcéÉ_ "\\', min_size=1, max_size=8)
plain = st.one_of(
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": "number"}, {"type": "integer"}]),
    st.tuples(st.integers(-2000, 2000), st.integers(0, 3000)).map(
        lambda bounds: {"type": "integer", "minimum": bounds[0], "maximum": bounds[0] + bounds[1]}
    ),
    st.integers(-300, 300).map(lambda least: {"type": "integer", "minimum": least}),
    st.integers(-300, 300).map(lambda most: {"type": "integer", "maximum": most}),
    st.tuples(st.integers(0, 5), st.integers(0, 20)).map(
        lambda lengths: {"type": "string", "minLength": lengths[0], "maxLength": sum(lengths)}
    ),
    st.lists(st.one_of(names, st.integers(-9, 99), st.none(), st.booleans()), min_size=1, max_size=4).map(
        lambda values: {"enum": values}
    ),
    st.just({"type": ["string", "null"], "maxLength": 5}),
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    arrays = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda made: {"type": "array", "items": made[0], "minItems": made[1], "maxItems": made[1] + made[2]}
    )
    objects = st.dictionaries(names, st.tuples(inner, st.booleans()), max_size=4).map(
        lambda members: {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in members.items()},
            "required": [name for name, (_, needed) in members.items() if needed],
            "additionalProperties": False,
        }
    )
    choices = st.lists(inner, min_size=1, max_size=3).map(lambda made: {"anyOf": made})
    return st.one_of(arrays, objects, choices)


schemas = st.recursive(plain, nested, max_leaves=6)


@given(schemas, st.data())
@settings(deadline=None, max_examples=300)
def test_whatever_the_grammar_allows_is_json_and_valid(schema: dict[str, Any], data: st.DataObject) -> None:
    text = data.draw(texts(grammar(schema)))

    jsonschema.validate(json.loads(text), schema)


@given(st.integers(-5000, 5000), st.integers(0, 4000))
@settings(deadline=None, max_examples=60)
def test_the_bounds_of_a_whole_number_are_allowed_and_nothing_beyond(least: int, width: int) -> None:
    rules = grammar({"type": "integer", "minimum": least, "maximum": least + width})

    assert matches(rules, least)
    assert matches(rules, least + width)
    assert matches(rules, least + width // 2)
    assert not matches(rules, least - 1)
    assert not matches(rules, least + width + 1)


def matches(rules: str, number: int) -> bool:
    """Tell whether the grammar, which is a regular expression but for its spaces and quotation marks, allows it."""
    body = rules.splitlines()[0].removeprefix("root ::= ")
    return re.fullmatch(body.replace('"', "").replace(" ", ""), str(number)) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$ref": "#/$defs/a"},
        {"type": "number", "minimum": 1},
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "integer", "maximum": 10**20},
        {"enum": []},
    ],
)
def test_what_the_grammar_cannot_say_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(UnsupportedSchema):
        grammar(schema)


@pytest.mark.engine
def test_llama_takes_the_grammars_and_keeps_to_them(model: LlamaModel) -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 7, "maximum": 132},
            "state": {"enum": ["ouvert", "fermé", None]},
            "share": {"type": "number"},
            "certain": {"type": "boolean"},
            "note": {"type": ["string", "null"], "minLength": 0, "maxLength": 20},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 0, "maxItems": 3},
        },
        "required": ["n", "state", "share", "list"],
    }
    prompt = Prompt("You fill in forms.", "The door is open.", "Fill in the form.")
    for sampling in (Sampling(), Sampling(0.9, seed=1), Sampling(1.5, seed=2)):
        reply = model.answer(prompt, schema, sampling, max_tokens=200, tick=lambda _done: None)

        assert reply.complete
        jsonschema.validate(json.loads(reply.text), schema)
