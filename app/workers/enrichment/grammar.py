"""From a JSON schema to the grammar (GBNF) that llama.cpp holds a model to.

The library has a converter of its own. It lets a string begin with a bracket or a line break and hold any escape:
small models left their answers through these, with prose about JSON inside the JSON. Here a text begins with
a letter, a digit or an opening quotation mark, holds no control characters, and its only escapes are those of the
quotation mark and the backslash.
"""

import json
from collections.abc import Mapping
from typing import Any

_CHARACTERS = r"""
text-start ::= [^"\\\x00-\x20\x7F!#$%&'()*+,./:;<=>?@[\]^_`{|}~-]
text-character ::= [^"\\\x00-\x1F\x7F] | "\\" ["\\]
"""


class UnsupportedSchema(ValueError):
    """The schema has something that answers do not need so far."""


def grammar(schema: Mapping[str, Any]) -> str:
    """Return the grammar of `schema`: objects with every property required, arrays and strings, with their bounds."""
    return f"root ::= {_rule(schema)}\n{_CHARACTERS.lstrip()}"


def _rule(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "object":
            return _object(schema)
        case "array":
            return _array(schema)
        case "string":
            shortest, longest = schema.get("minLength", 0), schema["maxLength"]
            return f'"\\"" text-start text-character{{{max(shortest - 1, 0)},{longest - 1}}} "\\""'
        case other:
            raise UnsupportedSchema(f"Answers of type {other!r} are not supported.")


def _object(schema: Mapping[str, Any]) -> str:
    if set(schema.get("required", ())) != set(schema["properties"]):
        raise UnsupportedSchema("Every property of an answer is required.")
    members = [f"{_literal(f'{json.dumps(name)}: ')} {_rule(value)}" for name, value in schema["properties"].items()]
    return f'"{{" {_literal(", ").join(f" {member} " for member in members)} "}}"'


def _array(schema: Mapping[str, Any]) -> str:
    item = _rule(schema["items"])
    fewest, most = max(schema.get("minItems", 0), 1), schema["maxItems"]
    return f'"[" {item} ({_literal(", ")} {item}){{{fewest - 1},{most - 1}}} "]"'


def _literal(text: str) -> str:
    return json.dumps(text)
