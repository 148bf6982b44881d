import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.answer_schema import MAX_CHARACTERS, RefusedSchema, checked_schema, faults, longest_answer
from app.workers.enrichment.grammar import grammar
from tests.workers.enrichment.gbnf import texts

leaves: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["boolean", "null", "number", "integer", "string", ["string", "null"]]).map(
        lambda kind: {"type": kind}
    ),
    st.tuples(st.integers(-50, 50), st.integers(0, 100)).map(
        lambda bounds: {"type": "integer", "minimum": bounds[0], "maximum": sum(bounds)}
    ),
    st.lists(st.one_of(st.sampled_from(["a", "é", "x y"]), st.integers(-3, 3), st.none()), min_size=1, max_size=4).map(
        lambda values: {"enum": values}
    ),
    st.tuples(st.integers(0, 4), st.integers(0, 20)).map(
        lambda lengths: {"type": "string", "minLength": lengths[0], "maxLength": sum(lengths)}
    ),
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(["a", "état", "c d", "e_1"]), inner, min_size=1, max_size=3).flatmap(
        lambda members: st.sets(st.sampled_from(sorted(members))).map(
            lambda needed: {"type": "object", "properties": members, "required": sorted(needed)}
        )
    )


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = st.tuples(inner, st.integers(0, 2), st.integers(0, 2)).map(
        lambda made: {"type": "array", "items": made[0], "minItems": made[1], "maxItems": sum(made[1:])}
    )
    return st.one_of(arrays, objects(inner))


schemas = objects(st.recursive(leaves, nested, max_leaves=4))


@given(schemas, st.data())
@settings(deadline=None, max_examples=200)
def test_what_its_grammar_allows_is_valid_to_us_and_to_json_schema(schema: Any, data: st.DataObject) -> None:
    try:
        checked = checked_schema(schema)
    except RefusedSchema:
        return
    text = data.draw(texts(grammar(checked)))
    value = json.loads(text)

    assert list(faults(value, checked)) == []
    jsonschema.validate(value, schema)
    assert len(text) <= 2 * longest_answer(checked)  # every quotation mark may be escaped
    assert longest_answer(checked) <= MAX_CHARACTERS


@given(schemas, st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)), st.lists))
@settings(deadline=None)
def test_it_agrees_with_json_schema_on_what_is_valid(schema: Any, value: Any) -> None:
    try:
        checked = checked_schema(schema)
    except RefusedSchema:
        return
    for one in (value, {"a": value}, {"a": value, "état": value}):
        assert (not list(faults(one, checked))) == jsonschema.Draft202012Validator(checked).is_valid(one)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (None, ""),
        ([], ""),
        ({"type": "array", "items": {"type": "null"}}, ""),
        ({"type": "object", "properties": {}}, ""),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"anyOf": [{"type": "null"}]}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "string", "format": "date"}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "string", "maxLength": 10**9}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "string", "minLength": 5, "maxLength": 3}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "number", "minimum": 0}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "integer", "minimum": True}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": ["string", "integer"]}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": [[]]}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"enum": [1.5]}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"enum": []}}}, "properties.a"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "properties.a.items"),
        ({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"]}, ""),
        ({"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": True}, ""),
        ({"type": "object", "properties": {'a"\n': {"type": "null"}}}, 'properties.a"\n'),
        ({"type": "object", "properties": {"a": "string"}}, "properties.a"),
    ],
)
def test_what_could_lead_out_of_bounds_is_refused_where_it_stands(schema: Any, place: str) -> None:
    with pytest.raises(RefusedSchema) as refused:
        checked_schema(schema)

    assert refused.value.place == place


def test_answers_that_could_be_endless_are_refused() -> None:
    inner: Any = {"type": "string", "maxLength": 2000}
    for _ in range(3):
        inner = {"type": "array", "items": inner, "maxItems": 50}
    deep: Any = {"type": "null"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"a": deep}}
    many = {"type": "object", "properties": {f"p{n}": {"type": "null"} for n in range(60)}}

    for schema in ({"type": "object", "properties": {"a": inner}}, deep, many):
        with pytest.raises(RefusedSchema):
            checked_schema(schema)
