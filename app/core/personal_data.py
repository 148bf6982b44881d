"""Personal data in a text: its kinds, its places, and how it is hidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class PersonalKind(StrEnum):
    NAME = "name"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: the characters from `start` up to `end`, and what they are."""

    start: int
    end: int
    kind: PersonalKind


_WORDS: Mapping[str, Mapping[PersonalKind, str]] = {
    "fr": {
        PersonalKind.NAME: "NOM",
        PersonalKind.ADDRESS: "ADRESSE",
        PersonalKind.EMAIL: "COURRIEL",
        PersonalKind.PHONE: "TÉLÉPHONE",
        PersonalKind.IBAN: "IBAN",
        PersonalKind.CARD: "CARTE",
    },
    "en": {
        PersonalKind.NAME: "NAME",
        PersonalKind.ADDRESS: "ADDRESS",
        PersonalKind.EMAIL: "EMAIL",
        PersonalKind.PHONE: "PHONE",
        PersonalKind.IBAN: "IBAN",
        PersonalKind.CARD: "CARD",
    },
}


def placeholder(kind: PersonalKind, language: str | None) -> str:
    """Return what stands in the place of personal data: `[TÉLÉPHONE]` in French, `[PHONE]` in any other language."""
    return f"[{_WORDS['fr' if language == 'fr' else 'en'][kind]}]"


def hidden(text: str, spans: Sequence[Span], language: str | None) -> str:
    """Return the text with its spans replaced by their kinds."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], placeholder(span.kind, language)]
        at = span.end
    return "".join([*parts, text[at:]])
