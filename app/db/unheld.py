"""The one way to the row of a transcription that is about to lose something: past the legal holds.

Whoever places a hold locks the same rows. So what was removed before the hold stood is gone, and of what the hold was
told to stand over, nothing is.
"""

from typing import Any

from app.core.errors import Conflict, NotFound
from app.db import work
from app.db.tables import Project


class LegalHoldInForce(Conflict):
    code = "legal-hold"
    title = "A legal hold forbids this"
    default_detail = "This is under a legal hold: nothing of it may be removed or overwritten."
    default_remedy = (
        "Read who placed the hold, and why, at …/legal-hold; an owner or an administrator of the site can lift it."
    )


def lock(row: Any) -> Any:
    """Return this transcription's row, locked to the end of the transaction.

    Raises `LegalHoldInForce` where it or its project is held, `NotFound` where it is gone.
    """
    locked, refusal = lock_to_judge(row)
    if refusal is not None:
        raise refusal
    return locked


def lock_to_judge(row: Any) -> tuple[Any, LegalHoldInForce | None]:
    """Return the row locked, and what to raise where it is about to lose something.

    The project's row is locked first: whoever enrols a voice takes both in this order, too.
    """
    held = project_is_held(row.project_id)
    locked = work.lock(row.id)
    if not held and not locked.legal_hold:
        return locked, None
    whole = "The project of this transcription" if held else "The transcription"
    return locked, LegalHoldInForce(f"{whole} is under a legal hold: nothing of it may be removed or overwritten.")


def project_is_held(project: Any) -> bool:
    """Tell whether a project is held, and keep it so, or not so, to the end of the transaction."""
    query: Any = Project.select(Project.legal_hold).where(Project.id == project)
    found = query.for_update("FOR SHARE").first()
    if found is None:
        raise NotFound
    return bool(found.legal_hold)
