"""Search in what was said."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.filtering import FilterQuery, read_query
from app.api.keys import DATABASE, PRINCIPAL
from app.core.errors import NotFound
from app.db import search as searching

routes = web.RouteTableDef()


class SearchQuery(FilterQuery):
    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=500,
            description='Words, all of them in one segment; `"a phrase"`; `or`; `-` before what must not be there.',
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=searching.SEARCH_LIMIT, description="How many a page.")] = 20


@routes.get("/api/search")
@contract(
    tag=Tag.TRANSCRIPTIONS,
    access=Access.SIGNED_IN,
    query=SearchQuery,
    answers={200: answers.Findings},
    errors=(NotFound,),
)
async def search(request: web.Request) -> web.Response:
    """Find where something was said, the best recordings first, each with its best segments.

    Words are found by their stems in French and English, whatever their case and accents. What is searched is what
    readers see: corrected text, and no longer the machine's.
    """
    query, principal = read_query(request, SearchQuery), request[PRINCIPAL]

    def unit() -> searching.Findings:
        filters = query.filters(principal)
        return searching.search(principal, query.q, filters, limit=query.limit, cursor=query.cursor or None)

    found = await request.app[DATABASE].run(unit)
    return web.json_response({"items": found.items, "next_cursor": found.next_cursor, "limited": found.limited})
