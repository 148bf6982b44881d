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


def turns(*bounds: tuple[float, float, str]) -> dict[str, Any]:
    made = [{"start": start, "end": end, "speaker": speaker} for start, end, speaker in bounds]
    return {"turns": made, "exclusive_turns": made}


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
            status, order = await self.post(await self.next_job(queue), "claim", {"worker": "test-worker"})
            if status == 200:
                return order
            assert status in (404, 410), order

    async def report(self, order: dict[str, Any], verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return await self.post(order["job_id"], verb, {"lease": order["lease"]} | body)

    async def plan(self, *chunks: tuple[float, float], language: str = "en") -> dict[str, Any]:
        """Claim and finish a plan with these chunks."""
        order = await self.claim()
        assert order["kind"] == "plan"
        plan = {
            "duration_seconds": chunks[-1][1] if chunks else 1.0,
            "language": language if chunks else None,
            "language_probability": 0.9,
            "chunks": [{"start": start, "end": end, "speech": [[start, end]]} for start, end in chunks],
        }
        status, answer = await self.report(order, "result", plan=plan)
        assert (status, answer) == (200, {"accepted": True})
        return order

    async def result_of(self, order: dict[str, Any]) -> dict[str, Any]:
        """What this worker would find out by doing the job."""
        if order["kind"] == "chunk":
            start, end = order["chunk"]["start"], order["chunk"]["end"]
            return {"segments": [segment(start, end, f"Words of chunk {start:g}.")]}
        if order["kind"] == "diarization":
            return {"diarization": turns((0.0, order["duration_seconds"], "SPEAKER_00"))}
        if order["kind"] == "enrichment":
            return {"enrichment": ANSWERS}
        return {
            "plan": {
                "duration_seconds": 1.0,
                "language": "en",
                "language_probability": 1.0,
                "chunks": [{"start": 0.0, "end": 1.0, "speech": [[0.0, 1.0]]}],
            }
        }

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
            status, _ = await self.post(job.decode(), "claim", {"worker": "test-worker"})
            if status == 200:
                found.append(job.decode())
        return found
