"""The answers of the language model as they are shown, whichever release stored them."""

from collections.abc import Mapping
from typing import Any


def shown_answers(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers by task. What a release stored that knew three tasks without sources gets their shape."""
    if "answers" in stored:
        return dict(stored["answers"])
    shown: dict[str, Any] = {
        name: {"text": stored[name]} for name in ("title", "summary") if stored.get(name) is not None
    }
    if stored.get("points") is not None:
        shown["points"] = [{"text": point, "segments": [], "start": None} for point in stored["points"]]
    return shown
