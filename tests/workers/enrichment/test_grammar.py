import pytest

from app.workers.enrichment.grammar import UnsupportedSchema, grammar


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number"},
        {"anyOf": [{"type": "string", "maxLength": 3}]},
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "required": []},
    ],
)
def test_what_the_grammar_cannot_say_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(UnsupportedSchema):
        grammar(schema)
