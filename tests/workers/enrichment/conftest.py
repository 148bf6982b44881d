from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.core.transcript import Segment
from app.workers.control import JobControl, StopReason
from app.workers.enrichment.engine import Reply, Request, Then, Tick
from app.workers.enrichment.llama import LlamaModel, open_installed

LANGUAGE_MODEL = "smollm2-135m-instruct"
THREADS = 2

MEETING = (
    ("SPEAKER_00", "The heating in the library was repaired on Monday, and the bill came to two thousand euros."),
    ("SPEAKER_01", "Good. Can we open the reading room again before the school holidays?"),
    ("SPEAKER_00", "Not yet. The new windows arrive next week, and the painters need three days after that."),
    ("SPEAKER_01", "Then I will tell the schools that we open again on the fourteenth of March."),
    ("SPEAKER_00", "Please do. And Marc will ask the town for the money for the second floor."),
)
REUNION = (
    ("SPEAKER_00", "Le chauffage de la bibliothèque a été réparé lundi, et la facture est de deux mille euros."),
    ("SPEAKER_01", "Très bien. Pouvons-nous rouvrir la salle de lecture avant les vacances scolaires ?"),
    ("SPEAKER_00", "Pas encore. Les nouvelles fenêtres arrivent la semaine prochaine, puis viennent les peintres."),
    ("SPEAKER_01", "Alors je dirai aux écoles que nous rouvrons le quatorze mars."),
    ("SPEAKER_00", "Oui. Et Marc demandera à la mairie l'argent pour le deuxième étage."),
)


def segments_of(turns: Sequence[tuple[str | None, str]]) -> list[Segment]:
    return [
        Segment(start=4.0 * index, end=4.0 * index + 3.5, text=text, speaker=speaker)
        for index, (speaker, text) in enumerate(turns)
    ]


@dataclass
class Listener:
    """What a job sees of the world, with the real control behind it: reports are kept, and one of them can stop it."""

    control: JobControl = field(default_factory=JobControl)
    reports: list[tuple[str, float, Mapping[str, object]]] = field(default_factory=list)
    stop_when: Callable[[str, float], bool] = lambda _stage, _percent: False

    def checkpoint(self) -> None:
        self.control.checkpoint()

    def report(
        self,
        stage: str,
        percent: float,
        *,
        segments: Sequence[Segment] = (),
        answers: Mapping[str, object] = {},
    ) -> None:
        assert not segments
        self.reports.append((stage, percent, answers))
        if self.stop_when(stage, percent):
            self.control.request_stop(StopReason.CANCELLED)


class InTurn:
    """For models of a test's own: what is asked together is answered one after the other."""

    answer: Callable[..., Reply]

    def answer_all(self, requests: Sequence[Request], *, then: Then, tick: Tick) -> None:
        for number, first in enumerate(requests):
            request: Request | None = first
            while request is not None:
                reply = self.answer(
                    request.prompt, request.schema, request.sampling, max_tokens=request.max_tokens, tick=tick
                )
                request = then(number, reply)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="session")
def model(models_dir: Path) -> Iterator[LlamaModel]:
    """The demo language model, loaded once for all tests."""
    loaded = open_installed(models_dir, THREADS, LANGUAGE_MODEL)
    yield loaded
    loaded.close()
