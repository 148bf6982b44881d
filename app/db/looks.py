"""What PostgreSQL is asked with nearly every request: whose the credentials are, and whether a transcription has changed."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app.core.access import Principal
from app.core.errors import NotAuthenticated
from app.db import freshness, principals
from app.db.database import Database
from app.db.freshness import Mark
from app.db.sharing import Asked, Batched


@dataclass(frozen=True, slots=True)
class Token:
    """A login's."""

    secret: str


@dataclass(frozen=True, slots=True)
class Key:
    """A project's."""

    secret: str


Look = Token | Key | UUID
Seen = Principal | NotAuthenticated | Mark


class Looks:
    """Looks for many requests at once: one thread and one connection for all that was asked since the last time.

    Nothing of it is kept. Whatever is answered was looked for after it was asked: what is revoked is worth nothing at
    once, and what is written is seen by whoever reads it next, at whichever instance.
    """

    def __init__(self, database: Database) -> None:
        self._batched: Batched[Look, Seen] = Batched(lambda asked: database.read(_see, asked))

    async def principal(self, credential: Token | Key) -> Principal:
        """Return who this belongs to; `NotAuthenticated` where it is worth nothing."""
        found = await self._batched.ask(credential)
        if isinstance(found, Principal):
            return found
        raise found if isinstance(found, NotAuthenticated) else NotAuthenticated

    def mark(self, transcription: UUID) -> Asked[Look, Seen]:
        """Ask for the mark of a transcription: None where it is not at rest, or not there. It need not be waited for."""
        return self._batched.ask(transcription)


def _see(asked: Collection[Look]) -> dict[Look, Seen]:
    seen: dict[Look, Seen] = {}
    if tokens := [look for look in asked if isinstance(look, Token)]:
        found = principals.of_tokens([token.secret for token in tokens])
        seen.update({token: found[token.secret] for token in tokens})
    if keys := [look for look in asked if isinstance(look, Key)]:
        found = principals.of_keys([key.secret for key in keys])
        seen.update({key: found[key.secret] for key in keys})
    if transcriptions := [look for look in asked if isinstance(look, UUID)]:
        marks = freshness.marks(transcriptions)
        seen.update({transcription: marks[transcription] for transcription in transcriptions if transcription in marks})
    return seen
