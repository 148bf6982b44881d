"""A volume that goes away while a recording is read from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import av
import pytest
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet


class LosingContainer:
    """A container that gives so many packets; what is read or sought later does what `lost` does: it raises, or ends."""

    def __init__(self, container: InputContainer, packets: int, lost: Callable[[], None]) -> None:
        self._container = container
        self._left = packets
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def seek(self, *place: Any, **how: Any) -> None:
        if self._left <= 0:
            self._lost()
        self._container.seek(*place, **how)

    def demux(self, stream: AudioStream) -> Iterator[Packet]:
        for packet in self._container.demux(stream):
            if self._left <= 0:
                self._lost()
                return
            self._left -= 1
            yield packet


@contextmanager
def losing_volume(packets: int, lost: Callable[[], None]) -> Iterator[None]:
    """Have every recording that is opened meanwhile give so many packets, and then what `lost` does."""
    opened = av.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(av, "open", lambda *place, **how: LosingContainer(opened(*place, **how), packets, lost))
        yield


def failing(number: int) -> Callable[[], None]:
    """Return what a read does that fails with an error number of the system, as libav tells it."""

    def fail() -> None:
        raise av.error.OSError(number, "lost")

    return fail
