"""What workers' calls and their outcomes are about, in the log."""

import logging
from uuid import UUID

from aiohttp import web

from app.db.work import Outcome
from app.logs import ACCEPTABLE_ID, ORIGIN_HEADER, TRANSCRIPTION_HEADER, add_to_log

logger = logging.getLogger(__name__)


def name_work(request: web.Request) -> None:
    """Name in every line of a worker's call its job, and what the worker says that it is about."""
    origin = request.headers.get(ORIGIN_HEADER, "")
    add_to_log(
        job=_id(request.match_info.get("id", "")),
        transcription=_id(request.headers.get(TRANSCRIPTION_HEADER, "")),
        origin=origin if ACCEPTABLE_ID.fullmatch(origin) else None,
    )


def tell(outcome: Outcome) -> None:
    """Say what a transcription has become: the few lines of its way that an operator looks for."""
    if outcome.state is not None:
        fields: dict[str, object] = {"transcription": outcome.transcription}
        if outcome.request_id is not None:
            fields["origin"] = outcome.request_id
        logger.info("The transcription is now %s.", outcome.state, extra={"fields": fields})


def _id(text: str) -> str | None:
    """Return an id as it is written everywhere else; None for what is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
