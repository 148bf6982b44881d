"""What a program can tell of an answer: is it of the right shape, in which language is it, does it carry sources."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.api.answers.enriched import EnrichmentAnswers

_WORD = re.compile(r"[^\W\d_]+")

# The words that no sentence of either language does without; those that both have ("on", "me", "or") are left out.
_ENGLISH = frozenset(
    _WORD.findall(
        "the of and to is are was were that which for with by from this it they be been has have had not but an at as who"
        " their his her its would could should can will what when where about between more than all into out no"
    )
)
_FRENCH = frozenset(
    _WORD.findall(
        "le la les des du de et est sont une un que qui dans pour par sur avec pas ne ce cette ces il elle ils elles se son"
        " sa ses leur leurs au aux été être avait ont mais plus comme tout nous vous je d l qu n s c j"
    )
)
_LEAST_WORDS = 2
"""So many such words more of one language than of the other make it that one; fewer tell nothing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One task's answer: `given` at all, `valid` as the API gives it, the `language` it is in where that can be told.

    `sourced` of its `items` name segments; both are 0 for an answer that carries no sources, as a title.
    """

    given: bool
    valid: bool
    language: str | None = None
    items: int = 0
    sourced: int = 0


def judged(task: str, answer: Any) -> Judged:
    """Look at the answer to one task; None is an answer that was not given."""
    if answer is None:
        return Judged(given=False, valid=True)
    try:
        EnrichmentAnswers.model_validate_json(json.dumps({task: answer}), strict=True)
    except ValidationError:
        return Judged(given=True, valid=False)
    items = list(_with_segments(answer))
    sourced = sum(bool(item.get("segments", [item.get("segment")])) for item in items)
    return Judged(
        given=True, valid=True, language=language_of(" ".join(_texts(answer))), items=len(items), sourced=sourced
    )


def language_of(text: str) -> str | None:
    """Return `en` or `fr`; None where the text has too few of their little words to tell."""
    words = [word.casefold() for word in _WORD.findall(text)]
    english, french = (sum(word in known for word in words) for known in (_ENGLISH, _FRENCH))
    if abs(english - french) < _LEAST_WORDS:
        return None
    return "en" if english > french else "fr"


def _with_segments(answer: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(answer, list):
        for item in answer:
            yield from _with_segments(item)
    elif isinstance(answer, dict):
        if "segment" in answer or (isinstance(answer.get("segments"), list) and _are_places(answer["segments"])):
            yield answer
        else:
            for value in answer.values():
                yield from _with_segments(value)


def _are_places(values: list[Any]) -> bool:
    return all(isinstance(value, int) for value in values)


def _texts(answer: Any) -> Iterator[str]:
    """Yield what was written in words: not the kinds and languages, which are names of ours."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, list):
        for item in answer:
            yield from _texts(item)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name not in {"kind", "language"}:
                yield from _texts(value)
