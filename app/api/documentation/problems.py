"""`/problems/{code}`: what each stable error code means, and the way out; from the error tree."""

from collections.abc import Iterable, Mapping

from app.api.contract import Contract, Route
from app.api.documentation.frame import framed
from app.api.documentation.html import Markup, element, inline, joined
from app.api.documentation.language import Language, translation
from app.core.errors import VocalyxError

# The rooms whose errors a client can meet, in an answer or as the `error` of a transcription; the command line, the workers and the catalogue of models have errors of
# their own, which are loaded where those are.
_ROOMS = ("app.api.", "app.core.", "app.db.", "app.media.")

WORDS = ("What happened", "The way out", "Which requests are answered so", "The whole API")


def stable_errors() -> dict[str, type[VocalyxError]]:
    """Return every error that the API may answer with, by code."""
    found: dict[str, type[VocalyxError]] = {}
    open_ends: list[type[VocalyxError]] = [VocalyxError]
    while open_ends:
        error = open_ends.pop()
        open_ends.extend(error.__subclasses__())
        if error.__module__.startswith(_ROOMS):
            found.setdefault(error.code, error)
    return dict(sorted(found.items()))


def problem_page(error: type[VocalyxError], promised: Iterable[tuple[Route, Contract]], language: Language) -> str:
    """Return the page on one error, with the routes that may answer with it."""
    say = translation(language)
    routes = [route for route, contract in promised if error in contract.refusals]
    body = [
        element("h1", say(error.title)),
        element("p", element("code", error.code), f" · HTTP {error.status}", class_="quiet"),
        element("h2", say("What happened")),
        element("p", inline(say(error.default_detail))),
        element("h2", say("The way out")),
        element("p", inline(say(error.default_remedy))),
        _routes(routes, say("Which requests are answered so")) if routes else None,
        element("p", element("a", say("The whole API"), href="/docs")),
    ]
    return framed(f"Vocalyx · {error.code}", joined(body), language)


def titles() -> Mapping[str, str]:
    """Return the title of each error, by code."""
    return {code: error.title for code, error in stable_errors().items()}


def _routes(routes: Iterable[Route], heading: str) -> Markup:
    items = (
        element("li", element("a", element("code", f"{route.method} {route.path}"), href=f"/docs#{route.operation_id}"))
        for route in routes
    )
    return joined([element("h2", heading), element("ul", *items)])
