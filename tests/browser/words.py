"""What the page says in a language, by the keys that its files in `locales` have."""

import json
import re

from app.dashboard.modules import STATIC

LOCALES = ("en-GB", "fr-FR")
_LINE = re.compile(
    r'^  "(?P<key>[^"]+)": (?P<text>".*"|\{ one: (?P<one>".*"), other: (?P<other>".*") \}),$', re.MULTILINE
)


class Words:
    """The strings of a locale such as `fr-FR`."""

    def __init__(self, locale: str) -> None:
        self._texts: dict[str, str | tuple[str, str]] = {}
        for path in (STATIC / "locales" / locale[:2]).glob("*.js"):
            for found in _LINE.finditer(path.read_text(encoding="utf-8")):
                forms = (found["one"], found["other"])
                self._texts[found["key"]] = (
                    json.loads(found["text"]) if forms == (None, None) else (json.loads(forms[0]), json.loads(forms[1]))
                )

    def __call__(self, key: str, **values: str) -> str:
        """Return a string of one form, filled in."""
        text = self._texts[key]
        assert isinstance(text, str), key
        return _filled(text, values)

    def of(self, key: str, count: int, **values: str) -> str:
        """Return the form that goes with a count of 1, or of more than one."""
        forms = self._texts[key]
        assert isinstance(forms, tuple), key
        one, other = forms
        return _filled(one if count == 1 else other, {"count": str(count)} | values)

    def keys(self) -> set[str]:
        return set(self._texts)


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
