"""Lists of transcriptions, a page at a time, each item in exactly one of them."""

import datetime as dt
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

from peewee import SQL, Tuple, fn

from app.core import cursors
from app.core.access import Principal
from app.core.identifiers import ProjectId
from app.db import work
from app.db.filters import Filters, among, in_projects
from app.db.speakers import names_of
from app.db.summaries import summarize_all
from app.db.tables import Transcription

LIST_LIMIT = 200
# Of more, planning the parts would take longer than reading past what is others'.
_PROJECTS_READ_APART = 50
_FEW = 2_000


class Sort(StrEnum):
    CREATED = "created"
    DURATION = "duration"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by, and then by the id, so that no two items are equal."""

    sort: Sort = Sort.CREATED
    descending: bool = True

    @property
    def listing(self) -> str:
        """What a cursor of such a list is good for."""
        return f"{self.sort}-{'desc' if self.descending else 'asc'}"


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is safe in an address as it is; None: this is the last page."""

    items: list[dict[str, Any]]
    next_cursor: str | None


NEWEST_FIRST = Order()
EVERYTHING = Filters()


def list_page(
    principal: Principal,
    filters: Filters = EVERYTHING,
    order: Order = NEWEST_FIRST,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Return those of the transcriptions that the principal may see, behind the `cursor` of the page before."""
    behind = []
    if cursor is not None:
        key, last = _position(order, cursor)
        place = Tuple(_SORT_KEYS[order.sort](), Transcription.id)
        behind.append(place < Tuple(key, last) if order.descending else place > Tuple(key, last))
    found = _found(filters.projects(principal), filters, behind, order, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return Page(
        summaries([found_id for _, found_id in shown]),
        cursors.encode(order.listing, [_told(shown[-1][0]), str(shown[-1][1])]) if more else None,
    )


def with_names(page: Page) -> Page:
    """Return the page with the names of speakers in each summary, as `speaker_names`."""
    names = names_of([UUID(summary["id"]) for summary in page.items])
    items = [summary | {"speaker_names": names.get(UUID(summary["id"]), [])} for summary in page.items]
    return Page(items, page.next_cursor)


def list_one(principal: Principal, transcription: UUID) -> list[dict[str, Any]]:
    """Return the summary of one transcription, or nothing where the principal may not see it."""
    project = Transcription.select(Transcription.project).where(Transcription.id == transcription).tuples().first()
    if project is None or not principal.may_see(ProjectId(project[0])):
        return []
    return summaries([transcription])


def summaries(ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Return the summaries of transcriptions in the order of their ids; those that are gone are left out."""
    rows = {row.id: row for row in Transcription.without_turns().where(Transcription.id.in_(list(ids)))}
    present = [rows[found] for found in ids if found in rows]
    return summarize_all(list(zip(present, work.load_to_show(present), strict=True)))


_SORT_KEYS: dict[Sort, Callable[[], Any]] = {
    Sort.CREATED: lambda: Transcription.created_at,
    # A recording whose length is not known yet counts as the shortest.
    Sort.DURATION: lambda: fn.coalesce(Transcription.duration_seconds, SQL("0")),
    # In an order that is the same on every machine, whatever locales it has.
    Sort.NAME: lambda: Transcription.folded_name.collate('"C"'),
}


def _found(
    projects: list[UUID] | None, filters: Filters, behind: list[Any], order: Order, limit: int
) -> list[tuple[Any, UUID]]:
    """Return the keys and ids of the first ones `behind` a place.

    A few that a name, a speaker, labels or a state find are sorted; else each project is read along its own index, as far as it
    is needed.
    """
    if projects == []:
        return []
    few = filters.few(projects, _FEW)
    if few is not None:
        return list(_first_ones([among([found for found, _ in few]), *behind], order, limit).tuples())
    conditions = [*behind, *filters.conditions()]
    if filters.name is not None and projects is not None:
        parts = [_first_ones([in_projects(projects), *conditions], order, limit)]
    elif projects is None:
        parts = [_first_ones(conditions, order, limit)]
    elif len(projects) > _PROJECTS_READ_APART:
        parts = [_first_ones([Transcription.project.in_(projects), *conditions], order, limit)]
    else:
        parts = [_first_ones([Transcription.project == project, *conditions], order, limit) for project in projects]
    query = parts[0]
    if len(parts) > 1:
        direction = "desc" if order.descending else "asc"
        places = (SQL(f'"place" {direction}'), SQL(f'"id" {direction}'))
        query = reduce(add, parts).order_by(*places).limit(limit)
    return list(query.tuples())


def _first_ones(conditions: list[Any], order: Order, limit: int) -> Any:
    key = _SORT_KEYS[order.sort]()
    places = (SQL("place"), Transcription.id)
    query = Transcription.select(key.alias("place"), Transcription.id)
    if conditions:
        query = query.where(*conditions)
    return query.order_by(*(_directed(place, order) for place in places)).limit(limit)


def _directed(place: Any, order: Order) -> Any:
    return place.desc() if order.descending else place.asc()


def _told(key: Any) -> Any:
    return key.astimezone(dt.UTC).isoformat() if isinstance(key, dt.datetime) else key


def _position(order: Order, cursor: str) -> tuple[Any, UUID]:
    """Return the keys of the last item of the page before. A cursor is the client's word: nothing of it is trusted."""
    try:
        key, last = cursors.decode(order.listing, cursor)
        return _READ_KEYS[order.sort](key), UUID(last)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise cursors.unknown_cursor() from error


def _seconds(key: Any) -> float:
    seconds = float(key)
    if not math.isfinite(seconds):
        raise ValueError(key)
    return seconds


def _name(key: Any) -> str:
    if not isinstance(key, str) or "\x00" in key:
        raise ValueError(key)
    key.encode()
    return key


_READ_KEYS: dict[Sort, Callable[[Any], Any]] = {Sort.CREATED: cursors.moment, Sort.DURATION: _seconds, Sort.NAME: _name}
