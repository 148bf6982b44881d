"""The documents of one application, each written when somebody first asks for it."""

import json
from functools import cached_property

from aiohttp import web

from app.api.contract import promised_routes
from app.api.documentation.language import Language
from app.api.documentation.openapi import openapi
from app.api.documentation.page import page
from app.api.documentation.problems import problem_page, stable_errors, titles
from app.core.errors import NotFound


class Library:
    """Writes about the routes of an application, as they are registered when the first document is wanted."""

    def __init__(self, application: web.Application) -> None:
        self._application = application
        self._pages: dict[Language, str] = {}

    @cached_property
    def openapi(self) -> bytes:
        """The OpenAPI document, as JSON."""
        return json.dumps(openapi(self._application), ensure_ascii=False).encode()

    def page(self, language: Language) -> str:
        """Return the page on the whole API."""
        if language not in self._pages:
            self._pages[language] = page(json.loads(self.openapi), titles(), language)
        return self._pages[language]

    def problem(self, code: str, language: Language) -> str:
        """Return the page on one error; `NotFound` where no error has this code."""
        error = stable_errors().get(code)
        if error is None:
            raise NotFound("No error has this code.", remedy="Take the 'code' or the 'type' of a problem document.")
        return problem_page(error, promised_routes(self._application), language)


LIBRARY = web.AppKey("library", Library)
