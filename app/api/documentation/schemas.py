"""JSON schemas of everything that the contracts name, each once: the very models that validate."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from app.api.answers import Answer
from app.api.contract import unwrapped

_PLACE = "#/components/schemas/"


class _WithoutFieldTitles(GenerateJsonSchema):
    """A field's title says its name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the parent asks it field by field
        return False


class Schemas:
    """The schemas of some annotations, those that have a name as references to `components`."""

    def __init__(self, annotations: Iterable[Any]) -> None:
        wanted = list({_key(annotation): annotation for annotation in annotations}.values())
        # 'validation' for answers too: what has a default may be missing there, as options of an earlier release are.
        found, rest = TypeAdapter.json_schemas(
            [(_key(annotation), "validation", TypeAdapter(annotation)) for annotation in wanted],
            ref_template=_PLACE + "{model}",
            schema_generator=_WithoutFieldTitles,
        )
        self._found = {key: schema for (key, _), schema in found.items()}
        self.components: dict[str, Any] = rest.get("$defs", {})
        for name in self.components.keys() & _names_of_answers():
            # Clients must bear what a later release adds.
            self.components[name].pop("additionalProperties", None)
        for schema in self.components.values():
            if "description" in schema:
                schema["description"] = _for_readers(schema["description"])

    def of(self, annotation: Any) -> dict[str, Any]:
        """Return the schema, or the reference to it."""
        return dict(self._found[_key(annotation)])

    def taken_apart(self, annotation: Any) -> dict[str, Any]:
        """Return the schema of an object itself, where its properties are wanted one by one."""
        schema = self.of(annotation)
        reference = schema.get("$ref", "")
        return dict(self.components[reference.removeprefix(_PLACE)]) if reference else schema


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is left out where it would be null, as in queries, headers and forms."""
    kept = {name: value for name, value in schema.items() if name != "anyOf"}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **kept}
    return kept | ({"anyOf": choices} if choices else {})


def _key(annotation: Any) -> Any:
    # Not `id`: annotations that say the same are the same.
    return annotation if isinstance(annotation, type) else repr(annotation)


def _for_readers(docstring: str) -> str:
    """Return a docstring without what only Python can meet."""
    return "\n\n".join(part for part in unwrapped(docstring).split("\n\n") if not part.startswith("Raises "))


def _names_of_answers() -> set[str]:
    names: set[str] = set()
    open_ends: list[type[BaseModel]] = [Answer]
    while open_ends:
        kind = open_ends.pop()
        names.add(kind.__name__)
        open_ends.extend(kind.__subclasses__())
    return names
