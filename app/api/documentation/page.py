"""`/docs`: all that the API does on one page, which loads nothing and runs nothing."""

import json
import shlex
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from app.api.documentation.frame import framed
from app.api.documentation.html import Markup, element, inline, joined, prose
from app.api.documentation.language import Language, Translate, translation

_SCHEMAS, _RESPONSES = "#/components/schemas/", "#/components/responses/"
_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_PROBLEM_JSON = "application/problem+json"
# So common that they are told of once for all.
_EVERYWHERE = ("bad-request", "internal-error", "dependency-down")

# Each stands in the document as it is; here for the test that holds the translations together.
WORDS = (
    "The API",
    "The same for programs:",
    "Any request may besides be answered with:",
    "In this page",
    "In the address",
    "In the query",
    "In the headers",
    "The body",
    "Answers",
    "Example",
    "What the answers and bodies are made of",
    "required",
    "or",
    "list of",
    "by key:",
    "text",
    "bytes",
    "one of",
)


def page(document: Mapping[str, Any], titles: Mapping[str, str], language: Language) -> str:
    """Return the page on an OpenAPI document that `openapi` made; `titles` are those of the problems, by code."""
    writer = _Writer(document, titles, translation(language))
    return framed(writer.title, writer.body(), language)


class _Writer:
    def __init__(self, document: Mapping[str, Any], titles: Mapping[str, str], say: Translate) -> None:
        self._document = document
        self._titles = titles
        self._say = say
        self.title = f"Vocalyx · {say('The API')}"

    def body(self) -> Markup:
        info, tags = self._document["info"], self._document["tags"]
        return joined(
            [
                element("h1", self.title),
                element("p", info["version"], class_="quiet"),
                *(
                    element("p", inline(self._say(" ".join(part.split()))))
                    for part in info["description"].split("\n\n")
                ),
                element(
                    "p", self._say("The same for programs:"), " ", element("a", "/openapi.json", href="/openapi.json")
                ),
                element("p", self._say("Any request may besides be answered with:"), *self._everywhere()),
                self._contents(tags),
                *(self._chapter(tag) for tag in tags),
                self._schemas(),
            ]
        )

    def _everywhere(self) -> Iterable[Markup | str]:
        for code in _EVERYWHERE:
            yield " "
            yield element("a", code, href=f"/problems/{code}")

    def _contents(self, tags: list[dict[str, str]]) -> Markup:
        links = [(_anchor(tag["name"]), self._say(tag["name"])) for tag in tags]
        links.append(("schemas", self._say("What the answers and bodies are made of")))
        items = (element("li", element("a", name, href=f"#{anchor}")) for anchor, name in links)
        return element("nav", element("ul", *items), aria_label=self._say("In this page"))

    def _chapter(self, tag: dict[str, str]) -> Markup:
        operations = (
            self._operation(method, path, item[method])
            for path, item in self._document["paths"].items()
            for method in _METHODS
            if tag["name"] in item.get(method, {}).get("tags", ())
        )
        heading = element("h2", self._say(tag["name"]), id=_anchor(tag["name"]))
        return joined([heading, element("p", inline(self._say(tag["description"])), class_="quiet"), *operations])

    def _operation(self, method: str, path: str, operation: dict[str, Any]) -> Markup:
        return element(
            "details",
            element(
                "summary",
                element("span", method.upper(), class_="method"),
                " ",
                element("code", path, class_="path"),
                element("span", inline(self._say(operation["summary"])), class_="says"),
            ),
            *(element("p", inline(self._say(part))) for part in operation["description"].split("\n\n")),
            *self._parameters(operation),
            self._request_body(operation),
            element("h3", self._say("Answers")),
            element("dl", *self._answers(operation["responses"])),
            element("h3", self._say("Example")),
            element("pre", _curl(method, path, operation)),
            id=operation["operationId"],
        )

    def _parameters(self, operation: dict[str, Any]) -> Iterable[Markup]:
        titles = {"path": "In the address", "query": "In the query", "header": "In the headers"}
        for place, title in titles.items():
            found = [parameter for parameter in operation.get("parameters", ()) if parameter["in"] == place]
            if found:
                yield element("h3", self._say(title))
                described = (
                    self._field(one["name"], one["schema"], one.get("description"), required=one["required"])
                    for one in found
                )
                yield element("dl", *described)

    def _request_body(self, operation: dict[str, Any]) -> Markup | None:
        if "requestBody" not in operation:
            return None
        parts = [element("h3", self._say("The body"))]
        content = operation["requestBody"]["content"].items()
        # A form and JSON of the same model are told of once.
        for schema, kinds in groupby(content, key=lambda one: one[1]["schema"]):
            whole = (
                self._document["components"]["schemas"][schema["$ref"].removeprefix(_SCHEMAS)]
                if "$ref" in schema
                else schema
            )
            parts.append(element("p", f" {self._say('or')} ".join(kind for kind, _ in kinds), class_="quiet"))
            if "description" in whole:
                parts.append(prose(self._say(whole["description"])))
            parts.append(self._fields(whole))
        return joined(parts)

    def _answers(self, responses: dict[str, Any]) -> Iterable[Markup]:
        shared = self._document["components"]["responses"]
        for status, given in responses.items():
            response = shared[given["$ref"].removeprefix(_RESPONSES)] if "$ref" in given else given
            told = [*self._answer(response, own="$ref" not in given)]
            if told:
                yield element("dt", element("code", status))
                yield element("dd", *told)

    def _answer(self, response: dict[str, Any], *, own: bool) -> Iterable[Markup]:
        content = response.get("content", {})
        if own:
            yield inline(self._say(response["description"]))
        for media_type, described in content.items():
            if media_type != _PROBLEM_JSON:
                kind = element("span", media_type, class_="quiet")
                type_ = self._type(described["schema"]) if "schema" in described else self._say("bytes")
                yield element("div", kind, " ", type_)
        if own:
            for name, header in response.get("headers", {}).items():
                yield element("div", element("code", name), " ", inline(self._say(header["description"])))
        for code in _codes(content):
            if code not in _EVERYWHERE:
                title = self._say(self._titles.get(code, ""))
                yield element("div", element("a", code, href=f"/problems/{code}"), " ", title)

    def _schemas(self) -> Markup:
        described = (
            element("details", element("summary", element("code", name)), *self._schema(schema), id=f"schema-{name}")
            for name, schema in self._document["components"]["schemas"].items()
        )
        return joined([element("h2", self._say("What the answers and bodies are made of"), id="schemas"), *described])

    def _schema(self, schema: dict[str, Any]) -> Iterable[Markup]:
        if "description" in schema:
            yield prose(self._say(schema["description"]))
        yield self._fields(schema) if "properties" in schema else element("p", self._type(schema))

    def _fields(self, schema: dict[str, Any]) -> Markup:
        required = schema.get("required", ())
        fields = (
            self._field(name, value, value.get("description"), required=name in required)
            for name, value in schema.get("properties", {}).items()
        )
        return element("dl", *fields)

    def _field(self, name: str, schema: dict[str, Any], description: str | None, *, required: bool) -> Markup:
        note = f" · {self._say('required')}" if required else ""
        default = f" · = {json.dumps(schema['default'], ensure_ascii=False)}" if "default" in schema else ""
        told = element("dd", inline(self._say(description))) if description else None
        return joined(
            [
                element(
                    "dt", element("code", name), " ", element("span", self._type(schema), note, default, class_="quiet")
                ),
                told,
            ]
        )

    def _type(self, schema: dict[str, Any]) -> Markup:
        """Return what a value is, in few words."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_SCHEMAS)
            return element("a", name, href=f"#schema-{name}")
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return _listed([self._type(choice) for choice in schema[several]], f" {self._say('or')} ")
        if "enum" in schema or "const" in schema:
            values = schema.get("enum") or [schema["const"]]
            return joined([f"{self._say('one of')} ", _listed([element("code", str(value)) for value in values], ", ")])
        if "items" in schema:
            return joined([f"{self._say('list of')} ", self._type(schema["items"])])
        if isinstance(schema.get("additionalProperties"), dict):
            return joined([f"{self._say('by key:')} ", self._type(schema["additionalProperties"])])
        return joined([_plain(schema, self._say), *_bounds(schema)])


def _plain(schema: dict[str, Any], say: Translate) -> str:
    if "contentMediaType" in schema:
        return say("bytes")
    return str(
        schema.get("format")
        or {"string": say("text"), "null": "null"}.get(schema.get("type", ""), schema.get("type", ""))
    )


def _bounds(schema: dict[str, Any]) -> Iterable[str]:
    low = schema.get("minimum", schema.get("minLength", schema.get("minItems")))
    high = schema.get("maximum", schema.get("maxLength", schema.get("maxItems")))
    if low is not None or high is not None:
        yield f" ({'' if low is None else f'{low:g}'}…{'' if high is None else f'{high:g}'})"


def _listed(parts: list[Markup], between: str) -> Markup:
    pieces: list[str] = []
    for part in parts:
        pieces += [between, part] if pieces else [part]
    return joined(pieces)


def _codes(content: dict[str, Any]) -> list[str]:
    """Return the codes of the problems in an answer."""
    described = content.get(_PROBLEM_JSON)
    return list(described["schema"]["allOf"][1]["properties"]["code"]["enum"]) if described else []


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    words = {"get": ["curl"], "post": ["curl"], "head": ["curl", "-I"]}.get(method, ["curl", "-X", method.upper()])
    line = shlex.join(words) + f' "$url{path}"'
    if operation["security"]:
        line += ' -H "Authorization: Bearer $token"'
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter["required"]:
            header = f"{parameter['name']}: {_sample(parameter['schema'])}"
            line += f" -H {shlex.quote(header)}"
    body = operation.get("requestBody", {"required": False})
    if not body["required"]:
        return f"{line} -X POST" if method == "post" else line
    bodies = [_curl_body(kind, described) for kind, described in body["content"].items()]
    return "\n".join(dict.fromkeys(f"{line} {body}" for body in bodies))


def _curl_body(kind: str, described: dict[str, Any]) -> str:
    if kind == "multipart/form-data":
        return "-F file=@recording.ogg"
    if "example" in described:
        example = json.dumps(described["example"], ensure_ascii=False)
        return f"-H 'Content-Type: application/json' -d {shlex.quote(example)}"
    return f"-H 'Content-Type: {kind}' --data-binary @recording.ogg"


def _sample(schema: dict[str, Any]) -> Any:
    return schema.get("const", next(iter(schema.get("enum", schema.get("examples", []))), "…"))


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")
