"""Finished recordings for the reader: who said what, told by a worker's own protocol."""

import array
import base64
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient

from app.core.waveform import cells
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.sound import RATE, wav
from tests.api.worker import Worker, part_of_plan, turns


@dataclass(frozen=True)
class Said:
    """One passage, and the silence after it. Words in `doubtful` are those that the recognizer was not sure of."""

    speaker: int
    text: str
    doubtful: tuple[str, ...] = ()
    pause_seconds: float = 0.5


ENGLISH = (
    Said(0, "Good morning, everybody. Shall we begin with the budget?"),
    Said(0, "The reading room was closed for eleven days in March, and that has its price."),
    Said(1, "The repairs came to four thousand two hundred euros, without the new shelves.", ("shelves.",)),
    Said(1, "I have put the invoices into the shared folder."),
    Said(2, "And the insurance? Did Mrs Okonkwo answer at last?", ("Okonkwo",)),
    Said(1, "She pays three quarters of it. The rest comes out of our own budget."),
    Said(0, "Then we decide today that the room opens again on the fourth of May."),
    Said(2, "I write to the schools this afternoon, so that they can plan their visits."),
    Said(0, "Thank you. That was the budget, and we are done in time."),
)
FRENCH = (
    Said(0, "Bonjour à tous. Nous commençons par le budget, si vous voulez bien."),
    Said(0, "La salle de lecture est restée fermée onze jours en mars, et cela a un prix."),
    Said(1, "Les réparations ont coûté quatre mille deux cents euros, sans les étagères neuves.", ("étagères",)),
    Said(1, "J’ai mis les factures dans le dossier partagé."),
    Said(2, "Et l’assurance ? Madame Okonkwo a-t-elle enfin répondu ?", ("Okonkwo",)),
    Said(1, "Elle paie les trois quarts. Le reste vient de notre propre budget."),
    Said(0, "Alors nous décidons aujourd’hui que la salle rouvre le quatre mai."),
    Said(2, "J’écris aux écoles cet après-midi, pour qu’elles préparent leurs visites."),
    Said(0, "Merci. C’était le budget, et nous avons fini à l’heure."),
)
MEETINGS = {"en": ENGLISH, "fr": FRENCH}
ANSWERS = {
    "en": {
        "title": "Budget and reopening of the reading room",
        "summary": "The repairs of the reading room cost 4 200 euros, of which the insurance pays three quarters. The room "
        "opens again on 4 May.",
        "points": ["The insurance pays three quarters of the repairs.", "The schools are told this afternoon."],
        "model": "a-model",
    },
    "fr": {
        "title": "Budget et réouverture de la salle de lecture",
        "summary": "Les réparations de la salle de lecture ont coûté 4 200 euros, dont l’assurance paie les trois quarts. La "
        "salle rouvre le 4 mai.",
        "points": ["L’assurance paie les trois quarts des réparations.", "Les écoles sont prévenues cet après-midi."],
        "model": "a-model",
    },
}
_SECONDS_A_WORD = 0.36
_END_SECONDS = 0.5
_PASSAGES_A_CHUNK = 100


def segments_of(meeting: Sequence[Said]) -> list[dict[str, Any]]:
    """Return what a recognizer would have written, one passage after the other."""
    found, at = [], 0.4
    for said in meeting:
        start, words = round(at, 2), []
        for word in said.text.split():
            probability = 0.31 if word in said.doubtful else 0.95
            end = at + _SECONDS_A_WORD
            words.append({"start": round(at, 2), "end": round(end, 2), "text": f" {word}", "probability": probability})
            at = end
        found.append({"start": start, "end": round(at, 2), "text": said.text, "words": words})
        at += said.pause_seconds
    return found


def sound_of(segments: Sequence[dict[str, Any]], meeting: Sequence[Said]) -> bytes:
    """Return a recording in which each speaker is a tone of their own, as loud as speech goes, and pauses are silent."""
    frames = array.array("h", bytes(2 * round((segments[-1]["end"] + _END_SECONDS) * RATE)))
    for said, segment in zip(meeting, segments, strict=True):
        for n in range(round(segment["start"] * RATE), round(segment["end"] * RATE)):
            loud = 0.35 + 0.65 * abs(math.sin(n / RATE * 2.1) * math.sin(n / RATE * 7.3))
            frames[n] = round(9000 * loud * math.sin(2 * math.pi * (180 + 60 * said.speaker) * n / RATE))
    return wav(frames.tobytes())


def _peaks(segments: Sequence[dict[str, Any]], end: float) -> str:
    heights = bytearray(len(cells(0.0, end)))
    for segment in segments:
        for cell in range(int(segment["start"] * 10), min(len(heights), int(segment["end"] * 10))):
            at = cell / 10
            heights[cell] = round(70 + 160 * abs(math.sin(at * 2.1) * math.sin(at * 7.3)))
    return base64.b64encode(bytes(heights)).decode()


async def held_meeting(
    person: Person,
    worker: Worker,
    language: str = "en",
    meeting: Sequence[Said] | None = None,
    *,
    enriched: bool = True,
    sound: bytes | None = None,
) -> str:
    """Send a meeting and have it written down; return its id. Its `sound` is made of its words where none is given."""
    meeting = meeting or MEETINGS[language]
    segments = segments_of(meeting)
    answer = await person.upload(
        sound or sound_of(segments, meeting), name="council.wav" if language == "en" else "conseil.wav",
        language=language, enrichment=str(enriched).lower(),
    )  # fmt: skip
    made: str = (await answer.json())["id"]
    await write_down(worker, language, meeting, enriched=enriched)
    return made


async def write_down(worker: Worker, language: str, meeting: Sequence[Said], *, enriched: bool = True) -> None:
    """Do all the work that there is for a meeting that was sent."""
    segments = segments_of(meeting)
    end = segments[-1]["end"] + _END_SECONDS
    order = await worker.claim()
    starts = [0.0, *(segment["start"] for segment in segments[_PASSAGES_A_CHUNK::_PASSAGES_A_CHUNK])]
    chunks = list(itertools.pairwise([*starts, end]))
    plan = part_of_plan(*chunks, language=language) | {"peaks": _peaks(segments, end)}
    await _done(worker, order, plan=plan)
    spoken = [
        (segment["start"], segment["end"], f"SPEAKER_{said.speaker:02}")
        for said, segment in zip(meeting, segments, strict=True)
    ]
    for _ in range(len(chunks) + 2):
        order = await worker.claim()
        if order["kind"] == "chunk":
            first, behind = order["chunk"]["start"], order["chunk"]["end"]
            here = [segment for segment in segments if first <= segment["start"] < behind]
            await _done(worker, order, text={"segments": here, "dropped": []})
        elif order["kind"] == "diarization":
            await _done(worker, order, diarization=turns(*spoken))
        else:
            await _done(worker, order, **await worker.result_of(order))
    if enriched:
        order = await worker.claim(QueueName.ENRICHMENT)
        await _done(worker, order, enrichment=ANSWERS[language])


async def _done(worker: Worker, order: dict[str, Any], **result: Any) -> None:
    status, answer = await worker.report(order, "result", **result)
    assert (status, answer) == (200, {"accepted": True}), answer


async def state_of(client: TestClient, person: Person, made: str) -> str:
    """Return the state of a transcription."""
    state: str = (await person.read(made))["state"]
    return state
