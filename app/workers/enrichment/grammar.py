"""From a JSON schema to the grammar (GBNF) that llama.cpp holds a model to.

The library has a converter of its own. It lets a string begin with a bracket or a line break and hold any escape:
small models left their answers through these, with prose about JSON inside the JSON. Here a text begins with
a letter, a digit or an opening quotation mark, holds no control characters, and its only escapes are those of the
quotation mark and the backslash.

What a grammar cannot count is refused rather than left to chance: everything that it allows is valid.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_CHARACTERS = r"""
text-start ::= [^"\\\x00-\x20\x7F!#$%&'()*+,./:;<=>?@[\]^_`{|}~-]
text-character ::= [^"\\\x00-\x1F\x7F] | "\\" ["\\]
"""

WHOLE_DIGITS = 15
"""Whole numbers of more digits lose some of them in programs that keep numbers as IEEE doubles."""

_FRACTION_DIGITS = 6
_INTEGER = f'"-"? ("0" | [1-9] [0-9]{{0,{WHOLE_DIGITS - 1}}})'
_SIMPLE = {
    "boolean": '("true" | "false")',
    "null": '"null"',
    "number": f'({_INTEGER} ("." [0-9]{{1,{_FRACTION_DIGITS}}})?)',
}
_NUMBER_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})


class UnsupportedSchema(ValueError):
    """The schema has something that answers do not need so far."""


def grammar(schema: Mapping[str, Any]) -> str:
    """Return the grammar of `schema`.

    Objects with required and optional properties, in the order of the schema (the required ones first); arrays and
    strings with their bounds, of which the upper ones are needed; integers with bounds; numbers, booleans, null; `enum`;
    `anyOf`; a list of types. Raises `UnsupportedSchema` for anything else.
    """
    return f"root ::= {_rule(schema)}\n{_CHARACTERS.lstrip()}"


def _rule(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return _alternatives([_literal(json.dumps(value, ensure_ascii=False)) for value in schema["enum"]])
    if "anyOf" in schema:
        return _alternatives([_rule(choice) for choice in schema["anyOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _alternatives([_rule({**schema, "type": one}) for one in kind])
    return _rule_of_type(kind, schema)


def _rule_of_type(kind: Any, schema: Mapping[str, Any]) -> str:
    match kind:
        case "object":
            return _object(schema)
        case "array":
            return _array(schema)
        case "string":
            return _string(schema)
        case "integer":
            return _integer(schema)
        case "number" if _NUMBER_BOUNDS & set(schema):
            raise UnsupportedSchema("Bounds of numbers that need not be whole are not supported.")
        case "number" | "boolean" | "null":
            return _SIMPLE[kind]
        case other:
            raise UnsupportedSchema(f"Answers of type {other!r} are not supported.")


def _alternatives(rules: Sequence[str]) -> str:
    if not rules:
        raise UnsupportedSchema("There is nothing to choose from.")
    return f"({' | '.join(rules)})"


def _string(schema: Mapping[str, Any]) -> str:
    shortest, longest = schema.get("minLength", 0), schema["maxLength"]
    if longest == 0:
        return r'"\"\""'
    text = f"text-start text-character{{{max(shortest - 1, 0)},{longest - 1}}}"
    # An empty text is an easy way out for a small model: it takes one only where the schema says so in words.
    return rf'"\"" ({text})? "\""' if schema.get("minLength") == 0 else rf'"\"" {text} "\""'


def _object(schema: Mapping[str, Any]) -> str:
    needed = set(schema.get("required", ()))
    members = {
        name: f"{_literal(f'{json.dumps(name, ensure_ascii=False)}: ')} {_rule(value)}"
        for name, value in schema["properties"].items()
    }
    comma = _literal(", ")
    required = [member for name, member in members.items() if name in needed]
    optional = [member for name, member in members.items() if name not in needed]
    tails = [f"({comma} {member})?" for member in optional]
    if required:
        inside = f" {comma} ".join(required) + "".join(f" {tail}" for tail in tails)
    else:
        # The first one that is there has no comma before it.
        starts = [" ".join([member, *tails[index + 1 :]]) for index, member in enumerate(optional)]
        inside = f"({' | '.join(starts)})?" if starts else ""
    return f'"{{" {inside} "}}"'


def _array(schema: Mapping[str, Any]) -> str:
    item = _rule(schema["items"])
    fewest, most = schema.get("minItems", 0), schema["maxItems"]
    if most == 0:
        return '"[]"'
    items = f"{item} ({_literal(', ')} {item}){{{max(fewest - 1, 0)},{most - 1}}}"
    # As with texts: none at all where the schema says so in words.
    return f'"[" ({items})? "]"' if schema.get("minItems") == 0 else f'"[" {items} "]"'


def _integer(schema: Mapping[str, Any]) -> str:
    if _NUMBER_BOUNDS & set(schema) - {"minimum", "maximum"}:
        raise UnsupportedSchema("Of the bounds of whole numbers only minimum and maximum are supported.")
    furthest = 10**WHOLE_DIGITS - 1
    least, most = schema.get("minimum", -furthest), schema.get("maximum", furthest)
    if (least, most) == (-furthest, furthest):
        return f"({_INTEGER})"
    if least > most or max(abs(least), abs(most)) > furthest:
        raise UnsupportedSchema("The bounds of a whole number leave nothing, or are too far out.")
    choices = []
    if least < 0:
        choices.append(f'"-" {_between(max(1, -most), -least)}')
    if most >= 0:
        choices.append(_between(max(0, least), most))
    return _alternatives(choices)


def _between(least: int, most: int) -> str:
    """Return what matches the whole numbers from `least` to `most`, both 0 or more, without leading zeros."""
    choices = []
    for digits in range(len(str(least)), len(str(most)) + 1):
        low = max(least, 10 ** (digits - 1) if digits > 1 else 0)
        high = min(most, 10**digits - 1)
        choices.append(_of_equal_length(str(low), str(high)))
    return _alternatives(choices)


def _of_equal_length(low: str, high: str) -> str:
    if not low:
        return ""
    rest = len(low) - 1
    if low == "0" * len(low) and high == "9" * len(high):
        return f"[0-9]{{{len(low)}}}"
    if low[0] == high[0]:
        return f'"{low[0]}" {_of_equal_length(low[1:], high[1:])}'.rstrip()
    first, last = int(low[0]), int(high[0])
    choices = []
    if set(low[1:]) - {"0"}:
        choices.append(f'"{first}" {_of_equal_length(low[1:], "9" * rest)}'.rstrip())
        first += 1
    ends = set(high[1:]) - {"9"}
    middle = last - 1 if ends else last
    if first <= middle:
        choices.append(f"[{first}-{middle}]" + (f" [0-9]{{{rest}}}" if rest else ""))
    if ends:
        choices.append(f'"{last}" {_of_equal_length("0" * rest, high[1:])}'.rstrip())
    return _alternatives(choices)


def _literal(text: str) -> str:
    """Return what matches exactly this text, which is a piece of JSON: control characters are escaped in it already."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
