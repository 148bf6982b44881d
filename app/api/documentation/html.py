"""HTML, put together so that no text gets in unescaped."""

import html
import re
from collections.abc import Iterable

_VOID = frozenset({"meta", "link"})
_CODE = re.compile(r"`([^`]+)`")


class Markup(str):
    """Text that is HTML already. The functions here make it; any other string is escaped."""

    __slots__ = ()


Child = str | None


def element(name: str, /, *children: Child, **attributes: str | None) -> Markup:
    """Return an element. None is left out, as a child and as an attribute; `class_` and the like lose their `_`."""
    written = "".join(
        f' {attribute.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for attribute, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Return what stands one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else html.escape(child) for child in children if child))


def prose(text: str) -> Markup:
    """Return text as it stands in docstrings: paragraphs, and `code` between backticks."""
    return joined(element("p", inline(paragraph)) for paragraph in text.split("\n\n") if paragraph.strip())


def inline(text: str) -> Markup:
    """Return a line of text with its `code`."""
    pieces = _CODE.split(text)
    return joined(element("code", piece) if number % 2 else piece for number, piece in enumerate(pieces))
