"""Draws texts from a grammar in llama.cpp's notation (GBNF), as far as ours go: whatever may come, comes."""

import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<literal>"(?:[^"\\]|\\.)*")
      | (?P<set>\[(?:[^\]\\]|\\.)*\])
      | (?P<times>\{\d+,\d+\}|\{\d+\})
      | (?P<mark>[()|?])
      | (?P<name>[a-z-]+)
    )""",
    re.VERBOSE,
)
_SAMPLE = "aZ09 .,;:!?'’\"\\(){}[]-_/éÉœ漢\U0001f600\u00a0"


@dataclass(frozen=True)
class Node:
    kind: str
    value: Any


def parse(text: str) -> dict[str, Node]:
    rules = {}
    for line in text.strip().splitlines():
        name, _, body = line.partition("::=")
        tokens, at = [], 0
        body = body.strip()
        while at < len(body):
            found = _TOKEN.match(body, at)
            assert found, body[at : at + 40]
            tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        node, rest = _choice(tokens)
        assert not rest, rest
        rules[name.strip()] = node
    return rules


def _choice(tokens: list[Any]) -> tuple[Node, list[Any]]:
    choices = []
    while True:
        node, tokens = _sequence(tokens)
        choices.append(node)
        if not tokens or tokens[0] != ("mark", "|"):
            return Node("choice", choices), tokens
        tokens = tokens[1:]


def _sequence(tokens: list[Any]) -> tuple[Node, list[Any]]:
    nodes: list[Node] = []
    while tokens and tokens[0] not in {("mark", "|"), ("mark", ")")}:
        (kind, value), *tokens = tokens
        if (kind, value) == ("mark", "("):
            node, tokens = _choice(tokens)
            assert tokens[0] == ("mark", ")")
            tokens = tokens[1:]
            nodes.append(node)
        elif (kind, value) == ("mark", "?"):
            nodes.append(Node("times", (nodes.pop(), 0, 1)))
        elif kind == "times":
            low, _, high = value.strip("{}").partition(",")
            nodes.append(Node("times", (nodes.pop(), int(low), int(high or low))))
        elif kind == "literal":
            nodes.append(Node("text", re.sub(r"\\(.)", r"\1", value[1:-1])))
        elif kind == "set":
            allowed = re.compile(value)
            nodes.append(
                Node("one", [character for character in _SAMPLE + "123456789" if allowed.fullmatch(character)])
            )
        else:
            nodes.append(Node("rule", value))
    return Node("sequence", nodes), tokens


def texts(grammar: str) -> st.SearchStrategy[str]:
    """Draw any text that the grammar allows, made of a sample of characters; long repetitions are drawn short."""
    rules = parse(grammar)

    @st.composite
    def drawn(draw: Any) -> str:
        def write(node: Node) -> str:
            if node.kind == "text":
                return str(node.value)
            if node.kind == "one":
                return str(draw(st.sampled_from(node.value)))
            if node.kind == "rule":
                return write(rules[node.value])
            if node.kind == "choice":
                return write(draw(st.sampled_from(node.value)))
            if node.kind == "times":
                inner, low, high = node.value
                return "".join(write(inner) for _ in range(draw(st.integers(low, min(high, low + 4)))))
            return "".join(write(part) for part in node.value)

        return write(rules["root"])

    return drawn()
