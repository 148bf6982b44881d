"""Where the time of an engine goes, part by part."""

import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def counted(seconds: MutableMapping[str, float], part: str) -> Iterator[None]:
    """Add the wall time of the block to `seconds[part]`."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[part] = seconds.get(part, 0.0) + time.perf_counter() - began


class Timed:
    """Stands in for one object and adds up how long the methods named in `parts` take; the object itself is untouched."""

    def __init__(self, target: Any, parts: Mapping[str, str], seconds: MutableMapping[str, float]) -> None:
        """`parts`: the part of each method by the method's name; `__call__` is the object called itself."""
        self._target = target
        self._parts = parts
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        return self._counting(found, name) if name in self._parts else found

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._counting(self._target, "__call__")(*arguments, **options)

    def _counting(self, method: Any, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            with counted(self._seconds, self._parts[name]):
                return method(*arguments, **options)

        return call
