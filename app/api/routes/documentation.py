"""What the API says of itself. Nothing in it is secret: it is the same on every site."""

from typing import Any

from aiohttp import web

from app.api.contract import Access, Reply, Tag, contract
from app.api.documentation.frame import PAGE_HEADERS
from app.api.documentation.language import Language, preferred
from app.api.documentation.library import LIBRARY
from app.api.parameters import PROBLEM
from app.core.errors import NotFound

routes = web.RouteTableDef()

_PAGE = Reply(
    description="A page in French or English, by `Accept-Language`.", media_types=("text/html; charset=utf-8",)
)


@routes.get("/openapi.json")
@contract(
    tag=Tag.DOCUMENTATION,
    access=Access.PUBLIC,
    answers={200: Reply(dict[str, Any], "OpenAPI 3.1.")},
)
async def read_openapi(request: web.Request) -> web.Response:
    """Give this description of the API for programs."""
    return web.Response(body=request.app[LIBRARY].openapi, content_type="application/json", charset="utf-8")


@routes.get("/docs")
@contract(tag=Tag.DOCUMENTATION, access=Access.PUBLIC, answers={200: _PAGE})
async def read_page(request: web.Request) -> web.Response:
    """Give the description of the API for people."""
    language = _language(request)
    return _page(request.app[LIBRARY].page(language), language)


@routes.get("/problems/{code}")
@contract(tag=Tag.DOCUMENTATION, access=Access.PUBLIC, path={"code": PROBLEM}, answers={200: _PAGE}, errors=(NotFound,))
async def read_problem(request: web.Request) -> web.Response:
    """Say what an error means, and what the way out is."""
    language = _language(request)
    return _page(request.app[LIBRARY].problem(request.match_info["code"], language), language)


def _language(request: web.Request) -> Language:
    return preferred(request.headers.get("Accept-Language", ""))


def _page(text: str, language: Language) -> web.Response:
    headers = PAGE_HEADERS | {"Content-Language": str(language)}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)
