"""The shape of the answer to a project's own task: a bounded part of JSON Schema, checked before anything uses it.

What is left out is left out because a language model could be led out of bounds by it (answers without an upper length,
references that go in circles), or because its grammar could not promise it (patterns, combinations, bounds of numbers
with fractions).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_DEPTH = 5
MAX_PROPERTIES = 40
MAX_CHARACTERS = 6_000
"""An answer may at most be so long, by its schema."""

MAX_STRING_CHARACTERS = 2_000
MAX_ITEMS = 50
MAX_ENUM_VALUES = 50
MAX_SCHEMA_BYTES = 16_000
DEFAULT_STRING_CHARACTERS = 300
DEFAULT_ITEMS = 10

_NAME = re.compile(r"\w[\w -]{0,49}")
_LARGEST_WHOLE_NUMBER = 10**15 - 1
_NUMBER_CHARACTERS = 24
_WORDS_FOR_PEOPLE = frozenset({"title", "description"})
_KEYWORDS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset(),
    "boolean": frozenset(),
    "null": frozenset(),
}


class RefusedSchema(ValueError):
    """`place` says where (`properties.amount`), the message why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def checked_schema(schema: Any) -> dict[str, Any]:
    """Return the schema as it is used: every upper bound filled in, without words for people. Raises `RefusedSchema`.

    The root is an object with a property at least. Known are: `type` (object, array, string, integer, number, boolean,
    null, or a list of one of them and null), `properties`, `required`, `additionalProperties: false`, `items`,
    `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum` and `maximum` of integers, `enum` of texts and whole
    numbers, `title` and `description`.
    """
    if not isinstance(schema, Mapping) or schema.get("type") != "object" or not schema.get("properties"):
        raise RefusedSchema("", "The answer must be an object with at least one property.")
    if len(json.dumps(schema)) > MAX_SCHEMA_BYTES:
        raise RefusedSchema("", f"The schema is longer than {MAX_SCHEMA_BYTES} bytes.")
    made = _checked(schema, "", 1)
    if sum(1 for _ in _properties(made)) > MAX_PROPERTIES:
        raise RefusedSchema("", f"There are more than {MAX_PROPERTIES} properties.")
    if (longest := longest_answer(made)) > MAX_CHARACTERS:
        raise RefusedSchema(
            "",
            f"An answer could take {longest} characters; {MAX_CHARACTERS} are allowed. Lower maxLength and maxItems.",
        )
    return made


def longest_answer(schema: Mapping[str, Any]) -> int:
    """Return how many characters an answer to a checked schema takes at most, the JSON around it included."""
    if "enum" in schema:
        return max(len(json.dumps(value, ensure_ascii=False)) for value in schema["enum"])
    kind = schema["type"]
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object":
        return 2 + sum(len(name) + 6 + longest_answer(inner) for name, inner in schema["properties"].items())
    if kind == "array":
        return 2 + int(schema["maxItems"]) * (longest_answer(schema["items"]) + 2)
    if kind == "string":
        return int(schema["maxLength"]) + 2
    return _NUMBER_CHARACTERS


def faults(value: Any, schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield what is wrong with a value by a checked schema; nothing where it is valid."""
    if "enum" in schema:
        if not any(value == one and type(value) is type(one) for one in schema["enum"]):
            yield f"{place or 'the answer'} is none of the values allowed"
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = next((one for one in kinds if _is(value, one)), None)
    if kind is None:
        yield f"{place or 'the answer'} is not of the type {' or '.join(kinds)}"
    elif kind == "object":
        yield from _object_faults(value, schema, place)
    elif kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema["maxItems"]:
            yield f"{place} has {len(value)} items"
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], f"{place}[{index}]")
    elif kind == "string" and not schema.get("minLength", 0) <= len(value) <= schema["maxLength"]:
        yield f"{place} has {len(value)} characters"
    elif kind == "integer" and not schema["minimum"] <= value <= schema["maximum"]:
        yield f"{place} is out of its bounds"


def _object_faults(value: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
    prefix = f"{place}." if place else ""
    for name in schema["required"]:
        if name not in value:
            yield f"{prefix}{name} is missing"
    for name, inner in value.items():
        if name not in schema["properties"]:
            yield f"{prefix}{name} is not asked for"
        else:
            yield from faults(inner, schema["properties"][name], f"{prefix}{name}")


_PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (Mapping,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _is(value: Any, kind: str) -> bool:
    # Python's truth values are numbers; those of JSON are none.
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _checked(schema: Any, place: str, depth: int) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise RefusedSchema(place, "This is no schema: an object is needed.")
    if depth > MAX_DEPTH:
        raise RefusedSchema(place, f"It is nested more than {MAX_DEPTH} deep.")
    if "enum" in schema:
        return _checked_enum(schema, place)
    kinds = schema.get("type")
    kind = _one_kind(kinds, place)
    unknown = sorted(str(name) for name in set(schema) - _KEYWORDS[kind] - _WORDS_FOR_PEOPLE - {"type"})
    if unknown:
        raise RefusedSchema(place, f"{unknown[0]!r} is not supported for {kind}.")
    made: dict[str, Any] = {"type": list(kinds) if isinstance(kinds, list) else kinds}
    if kind == "object":
        made |= _checked_object(schema, place, depth)
    elif kind == "array":
        made["items"] = _checked(schema.get("items"), f"{place}.items".lstrip("."), depth + 1)
        made |= _bounds(schema, place, ("minItems", "maxItems"), (0, MAX_ITEMS), DEFAULT_ITEMS)
    elif kind == "string":
        lengths = ("minLength", "maxLength")
        made |= _bounds(schema, place, lengths, (0, MAX_STRING_CHARACTERS), DEFAULT_STRING_CHARACTERS)
    elif kind == "integer":
        furthest = (-_LARGEST_WHOLE_NUMBER, _LARGEST_WHOLE_NUMBER)
        made |= {"minimum": furthest[0]} | _bounds(schema, place, ("minimum", "maximum"), furthest, furthest[1])
    return made


def _one_kind(kinds: Any, place: str) -> str:
    listed = kinds if isinstance(kinds, list) else [kinds]
    if not listed or not all(isinstance(kind, str) and kind in _KEYWORDS for kind in listed):
        raise RefusedSchema(place, f"'type' must be one of {', '.join(_KEYWORDS)}.")
    real = [kind for kind in listed if kind != "null"]
    if len(set(listed)) != len(listed) or len(real) > 1:
        raise RefusedSchema(place, "A list of types may hold one type and null.")
    return str(real[0]) if real else "null"


def _checked_enum(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    values = schema["enum"]
    if set(schema) - _WORDS_FOR_PEOPLE - {"type", "enum"}:
        raise RefusedSchema(place, "Beside 'enum' there may be nothing but 'type'.")
    if not isinstance(values, list) or not 1 <= len(values) <= MAX_ENUM_VALUES:
        raise RefusedSchema(place, f"'enum' must be a list of 1 to {MAX_ENUM_VALUES} values.")
    for value in values:
        short_text = isinstance(value, str) and value.isprintable() and len(value) <= DEFAULT_STRING_CHARACTERS
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_WHOLE_NUMBER
        if not (short_text or whole or value is None):
            raise RefusedSchema(place, "The values of 'enum' must be short texts, whole numbers or null.")
    return {"enum": list(values)}


def _checked_object(schema: Mapping[str, Any], place: str, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise RefusedSchema(place, "An object must name its properties.")
    if schema.get("additionalProperties", False) is not False:
        raise RefusedSchema(place, "additionalProperties can only be false.")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) and name in properties for name in required):
        raise RefusedSchema(place, "'required' must be a list of names of properties.")
    made = {}
    for name, inner in properties.items():
        where = f"{place}.properties.{name}".lstrip(".")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RefusedSchema(where[:200], "A name is 1 to 50 letters, digits, spaces, hyphens or underscores.")
        made[name] = _checked(inner, where, depth + 1)
    return {"properties": made, "required": list(dict.fromkeys(required)), "additionalProperties": False}


def _bounds(
    schema: Mapping[str, Any], place: str, names: tuple[str, str], furthest: tuple[int, int], usual: int
) -> dict[str, int]:
    """Return the bounds that are given, the upper one in any case."""
    low, high = (schema.get(name) for name in names)
    for name, value in zip(names, (low, high), strict=True):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and furthest[0] <= value <= furthest[1]):
            raise RefusedSchema(place, f"{name!r} must be a whole number from {furthest[0]} to {furthest[1]}.")
    most = high if high is not None else max(usual, low or 0)
    if low is not None and low > most:
        raise RefusedSchema(place, f"{names[0]!r} is larger than {names[1]!r}.")
    return {names[1]: most} | ({names[0]: low} if low is not None else {})


def _properties(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _properties(inner)
    if "items" in schema:
        yield from _properties(schema["items"])
