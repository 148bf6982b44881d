"""What was done a short while ago."""

import time
from collections import OrderedDict
from collections.abc import Hashable


class Lately:
    """What this instance has recorded a short while ago: a player's hundred ranges of a recording are one reading."""

    def __init__(self, most: int = 10_000) -> None:
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._most = most

    def knows(self, what: Hashable) -> bool:
        return self._until.get(what, 0.0) > time.monotonic()

    def note(self, what: Hashable, seconds: float) -> None:
        self._until[what] = time.monotonic() + seconds
        self._until.move_to_end(what)
        while len(self._until) > self._most:
            self._until.popitem(last=False)
