"""What a client has read before it changes something: entity tags, as `If-Match` carries them (RFC 9110, 13.1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import ChangedMeanwhile


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The entity tags that the client knows, quotes included; None: whatever there is."""

    tags: frozenset[str] | None

    def check(self, present: str, current: Mapping[str, Any]) -> None:
        """Raise `ChangedMeanwhile` with the `current` state unless its tag, `present`, is one of these."""
        if self.tags is not None and present not in self.tags:
            raise ChangedMeanwhile(current, present)
