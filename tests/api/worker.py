"""A worker as the API sees it: one that claims jobs from the real queues and reports on them as a test tells it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient

from app.api.keys import REDIS
from app.queueing.queues import QueueName, open_queue

ANSWERS = {"title": "A title", "summary": "A summary.", "points": ["One.", "Two."], "model": "a-model"}


def segment(start: float, end: float, text: str) -> dict[str, Any]:
    words = text.split()
    step = (end - start) / max(1, len(words))
    return {
        "start": start,
        "end": end,
        "text": text,
        "words": [
            {"start": start + n * step, "end": start + (n + 1) * step, "text": f" {word}", "probability": 0.9}
            for n, word in enumerate(words)
        ],
    }


def part_of_plan(
    *chunks: tuple[float, float],
    start: float = 0.0,
    last: bool = True,
    language: str | None = "en",
    stretches: tuple[tuple[float, float], ...] | None = None,
) -> dict[str, Any]:
    """Make up a part of a plan: these chunks, and one stretch of voices under all of them unless told otherwise."""
    end = chunks[-1][1] if chunks else start + 1.0
    if stretches is None:
        stretches = ((chunks[0][0], end),) if chunks else ()
    return {
        "start": start,
        "end": end,
        "last": last,
        "chunks": [{"start": begin, "end": stop, "speech": [[begin, stop]]} for begin, stop in chunks],
        "stretches": [list(stretch) for stretch in stretches],
        "duration": end if last else None,
        "survey": {"language": language if chunks else None, "language_probability": 0.9, "by_channel": False},
    }


def text(*segments: dict[str, Any], dropped: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Make up what a chunk results in."""
    return {"segments": list(segments), "dropped": list(dropped)}


def turns(*bounds: tuple[float, float, str]) -> dict[str, Any]:
    made = [{"start": start, "end": end, "speaker": speaker} for start, end, speaker in bounds]
    return {"turns": made, "exclusive_turns": made}


def answer_to(order: dict[str, Any], **instead: Any) -> dict[str, Any]:
    """Make up an answer that quotes the first passage."""
    passages = order["passages"]
    sources = [
        {"transcription": each["transcription"], "segment": each["segment"], "quote": each["text"]}
        for each in passages[:1]
    ]
    made = {
        "text": "An answer.",
        "found": bool(sources),
        "sources": sources,
        "not_found": "It does not say.",
        "segments_read": len(passages),
        "segments": len(passages),
        "model": "a-model",
        "seconds": {"answering": 0.5},
        "tokens": {"evaluated": 7, "reused": 0, "generated": 3},
    }
    return made | instead


def spread(order: dict[str, Any], *kinds: str) -> dict[str, Any]:
    """Make up a plan over parts of these kinds, of what is asked in an order."""
    asked = {name: order[name] for name in ("options", "task_set", "language", "segments")}
    parts = [
        {"kind": kind, "start": float(n), "end": n + 1.0, "excerpt": {"number": n}} for n, kind in enumerate(kinds)
    ]
    return {"questions": asked, "windows": 2, "failures": {}, "parts": parts}


def found_in_sound(order: dict[str, Any]) -> dict[str, Any]:
    """Make up what a chunk or a stretch of voices results in."""
    if order["kind"] == "voices":
        return {"voices": {"stretch": order["stretch"]}}
    start, end = order["chunk"]["start"], order["chunk"]["end"]
    return {"text": text(segment(start, end, f"Words of chunk {start:g}."))}


@dataclass
class Worker:
    """Speaks the internal protocol; answers are given back with their status so that tests can judge both."""

    client: TestClient
    key: str

    async def post(self, job: str, verb: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = await self.client.post(f"/internal/jobs/{job}/{verb}", json=body, headers={"X-Internal-Key": self.key})
        return answer.status, await answer.json()

    async def next_job(self, queue: QueueName = QueueName.TRANSCRIPTION, seconds: float = 20) -> str:
        """Take the next job id out of the queue in Redis, waiting for it as a worker does."""
        redis = self.client.app[REDIS]
        key = open_queue(redis, queue).key
        async with asyncio.timeout(seconds):
            while (job := redis.lpop(key)) is None:  # noqa: ASYNC110 - as often as a test needs, in place of BLPOP
                await asyncio.sleep(0.02)
        return job.decode()

    async def claim(self, queue: QueueName = QueueName.TRANSCRIPTION) -> dict[str, Any]:
        """Take the next job and claim it: returns its work order. Delivered doubles are dropped, as workers do."""
        while True:
            status, order = await self.post(
                await self.next_job(queue), "claim", {"worker": "test-worker", "parts": True}
            )
            if status == 200:
                return order
            assert status in (404, 410), order

    async def report(self, order: dict[str, Any], verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return await self.post(order["job_id"], verb, {"lease": order["lease"]} | body)

    async def plan(self, *chunks: tuple[float, float], language: str = "en") -> dict[str, Any]:
        """Claim and finish a plan with these chunks."""
        order = await self.claim()
        assert order["kind"] == "plan"
        status, answer = await self.report(order, "result", plan=part_of_plan(*chunks, language=language))
        assert (status, answer) == (200, {"accepted": True})
        return order

    async def tell_apart(self, *bounds: tuple[float, float, str]) -> dict[str, Any]:
        """Describe all voices that are asked for, then claim the diarization and report these turns of speakers."""
        while (order := await self.claim())["kind"] == "voices":
            await self.report(order, "result", **await self.result_of(order))
        assert order["kind"] == "diarization"
        status, answer = await self.report(order, "result", diarization=turns(*bounds))
        assert (status, answer) == (200, {"accepted": True})
        return order

    async def result_of(self, order: dict[str, Any]) -> dict[str, Any]:
        """What this worker would find out by doing the job."""
        if order["kind"] in ("chunk", "voices"):
            return found_in_sound(order)
        if order["kind"] == "diarization":
            return {"diarization": turns((0.0, order["duration_seconds"], "SPEAKER_00"))}
        if order["kind"] == "question":
            return {"answer": answer_to(order)}
        if order["kind"] == "enrichment":
            return {"enrichment": ANSWERS}
        if "spread" in order:
            return {"findings": {"plan": order["spread"]["plan"], "found": order["spread"]}}
        return {"plan": part_of_plan((0.0, 1.0))}

    async def do_next(self, queue: QueueName = QueueName.TRANSCRIPTION) -> dict[str, Any]:
        """Claim the next job and finish it."""
        order = await self.claim(queue)
        status, answer = await self.report(order, "result", **await self.result_of(order))
        assert (status, answer) == (200, {"accepted": True})
        return order

    async def claimable(self, queue: QueueName = QueueName.TRANSCRIPTION) -> list[str]:
        """Empty the queue, and return the jobs in it that a worker could begin: doubles and remains are none."""
        redis = self.client.app[REDIS]
        key = open_queue(redis, queue).key
        found = []
        while (job := redis.lpop(key)) is not None:
            status, _ = await self.post(job.decode(), "claim", {"worker": "test-worker", "parts": True})
            if status == 200:
                found.append(job.decode())
        return found
