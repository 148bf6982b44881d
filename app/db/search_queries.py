"""What a search asks for, as PostgreSQL reads it in each language's configuration."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import InvalidFields
from app.db.tables import database
from app.db.transcripts import SEARCH_CONFIGURATIONS, search_configuration

_LEXEME = re.compile(r"'((?:[^']|'')*)'")
# Words at some distance, outside of quotes.
_LEXEME_OR_DISTANCE = re.compile(r"'(?:[^']|'')*'|<(?:-|\d+)>")


@dataclass(frozen=True, slots=True)
class Queries:
    """What was asked, by the configurations in which it says something.

    `widest` finds all that any of them does and maybe more, by the index alone: it asks for the words of a phrase
    wherever they stand, and for nothing that must not be there.
    """

    by_configuration: Mapping[str, str]
    lexemes: Mapping[str, frozenset[str]]
    widest: str

    def matches(self) -> tuple[str, list[Any]]:
        """Return the condition on a segment `s`."""
        arm = "(s.search_configuration = %s and s.search @@ %s::tsquery)"
        parameters = [value for pair in self.by_configuration.items() for value in pair]
        return f"({' or '.join([arm] * len(self.by_configuration))})", parameters

    def rank(self) -> tuple[str, list[Any]]:
        """Return how well a segment `s` that matches does so."""
        arms = " ".join(["when %s then ts_rank(s.search, %s::tsquery)"] * len(self.by_configuration))
        parameters = [value for pair in self.by_configuration.items() for value in pair]
        return f"(case s.search_configuration {arms} end)::double precision", parameters


def read(asked: str, language: str | None) -> Queries | None:
    """Return what is asked, of recordings in one language or in any; None: there is no word in it.

    Raises `InvalidFields` where it says only what must not be there.
    """
    wanted = SEARCH_CONFIGURATIONS if language is None else (search_configuration(language),)
    by_configuration: dict[str, str] = {}
    lexemes: dict[str, frozenset[str]] = {}
    widest: dict[str, None] = {}
    excluding = False
    for configuration in wanted:
        # A word that says nothing in its language ("été") may be meant: then it is looked for as it is written.
        for reading in dict.fromkeys((configuration, "simple")):
            query, positive = ask(
                "select query::text, querytree(query) from (select vocalyx_search_query(%s, %s) as query) as asked",
                [reading, asked],
            )[0]
            if query:
                break
        excluding = excluding or positive == "T"
        if query and positive not in ("", "T"):
            by_configuration[configuration] = query
            lexemes[configuration] = frozenset(found.replace("''", "'") for found in _LEXEME.findall(positive))
            widest[f"( {_anywhere(positive)} )"] = None
    if excluding and not by_configuration:
        message = "Say what to look for too: there are only words here that must not stand in the text."
        raise InvalidFields([{"field": "q", "code": "only-exclusions", "message": message}])
    return Queries(by_configuration, lexemes, " | ".join(widest)) if by_configuration else None


def ask(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows that a statement answers with."""
    rows: list[tuple[Any, ...]] = database.execute_sql(statement, parameters).fetchall()
    return rows


def _anywhere(query: str) -> str:
    return _LEXEME_OR_DISTANCE.sub(lambda found: found[0] if found[0].startswith("'") else "&", query)
