"""How models that arrive tell of it."""

from pathlib import Path
from typing import Protocol

from app.catalog.installed import ModelKind


class Arriving(Protocol):
    """A model on its way. `download_bytes` is what has to come over the network for it."""

    @property
    def kind(self) -> ModelKind: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def download_bytes(self) -> int: ...


class ArrivalObserver(Protocol):
    """Shows what a fetch or a pull is doing. Sizes are in bytes."""

    def waiting(self, models_dir: Path, /) -> None:
        """Another process is changing the same directory; this one waits for it."""

    def downloading(self, model: Arriving, received: int, /) -> None:
        """`received` of `model.download_bytes` are here. Called several times a second."""

    def working(self, model: Arriving, activity: str, /) -> None:
        """A step other than the download begins, such as `unpacking`."""

    def present(self, model: Arriving, seconds: float | None, /) -> None:
        """The model is installed: after `seconds` of work, or already before (None)."""
