"""Any order of worker reports, over HTTP and against the real database, ends with everything there.

`tests/core/test_lifecycle.py` tries thousands of orders on the pure state machine; here a few dozen show that locking,
storing, merging and queueing keep what it promises.
"""

import asyncio
import itertools
import random
import secrets
from typing import Any

from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.api.keys import DATABASE, REDIS
from app.core.states import STOPPED_STATES
from app.db.tables import EnrichmentPlan, Job, Transcription
from tests.api.conftest import Person
from tests.api.leftovers import rows_of
from tests.api.worker import Worker, part_of_plan, segment, spread

EXAMPLES = 14
STEPS = 40
PARTS = ("reading", "reading", "rewriting", "folding")

VERBS = ["claim", "result", "result", "late result", "progress", "heartbeat", "release", "failure", "silence", "wipe"]


class Site:
    """One transcription, and workers that misbehave."""

    def __init__(self, client: TestClient, editor: Person, worker: Worker, dice: random.Random) -> None:
        self.client, self.editor, self.worker, self.dice = client, editor, worker, dice
        self.orders: list[dict[str, Any]] = []
        self.id = ""
        self.spreads = dice.random() < 0.7

    async def jobs(self, *states: str) -> list[str]:
        query = Job.select().where(Job.transcription == self.id, Job.state.in_(states))
        return await self.client.app[DATABASE].run(lambda: [str(job.id) for job in query])

    async def claim(self) -> None:
        jobs = await self.jobs("queued", "running", "done")
        if not jobs:
            return
        job, body = self.dice.choice(jobs), {"worker": "w", "parts": True, "lease": secrets.token_urlsafe(16)}
        for _ in range(self.dice.choice([1, 1, 2])):
            status, order = await self.worker.post(job, "claim", body)
            assert status in (200, 410)
        if status == 200:
            self.orders.append(order)

    async def report(self, verb: str) -> None:
        if not self.orders:
            return
        order = self.dice.choice(self.orders)
        if verb == "late result":
            order = order | {"lease": "a lease of long ago"}
            verb = "result"
        body: dict[str, Any] = {}
        if verb == "result":
            body = await self.result_of(order)
        elif verb == "progress":
            body = {"stage": "x", "percent": self.dice.uniform(0, 100)}
            if order["kind"] == "chunk":
                body["segments"] = [segment(order["chunk"]["start"], order["chunk"]["start"] + 1, "Some")]
        elif verb == "failure":
            body = {"code": "x", "detail": "It failed.", "remedy": "Try again.", "retryable": self.dice.random() < 0.8}
        for _ in range(self.dice.choice([1, 1, 2])):
            status, answer = await self.worker.report(order, verb, **body)
            assert status in (200, 410), answer

    async def result_of(self, order: dict[str, Any]) -> dict[str, Any]:
        if order["kind"] == "enrichment" and "spread" not in order and self.spreads:
            return {"spread": spread(order, *PARTS)}
        if order["kind"] == "enrichment" and self.spreads:
            await self.check_findings(order)
        if order["kind"] != "plan":
            return await self.worker.result_of(order)
        # In two parts: one chunk, then two.
        if order["part"] == 0:
            return {"plan": part_of_plan((0.0, 5.0), last=False)}
        return {"plan": part_of_plan((5.0, 10.0), (10.0, 15.0), start=5.0)}

    async def check_findings(self, order: dict[str, Any]) -> None:
        """What the parts found is there for whoever joins it, as long as that job is theirs."""
        for number in order["spread"]["parts"]:
            status, found = await self.worker.report(order, f"findings/{number}")
            assert (status, found.get("plan")) in ((200, None), (404, None), (410, None))
            if status == 200:
                assert found["found"].keys() >= {"plan", "windows", "failures"}

    async def silence(self) -> None:
        """Some worker has not been heard of for longer than its lease."""
        running = await self.jobs("running")
        if running:
            past = Job.update(lease_expires_at="2000-01-01").where(Job.id == self.dice.choice(running))
            await self.client.app[DATABASE].run(past.execute)

    async def step(self, verb: str) -> None:
        if verb == "claim":
            await self.claim()
        elif verb == "silence":
            await self.silence()
        elif verb == "wipe":
            self.client.app[REDIS].flushall()
        elif verb in ("cancel", "retry"):
            answer = await self.editor.post(f"/api/transcriptions/{self.id}/{verb}")
            assert answer.status in (200, 409)
        else:
            await self.report(verb)

    async def bring_to_its_end(self) -> dict[str, Any]:
        """Diligent workers and a client who retries."""
        for _ in itertools.repeat(None, 80):
            body = await self.editor.read(self.id)
            if body["state"] == "done" and not await self.jobs("failed", "cancelled"):
                return body
            if body["state"] in STOPPED_STATES:
                await self.step("retry")
            for job in await self.jobs("queued", "running"):
                status, order = await self.worker.post(job, "claim", {"worker": "diligent", "parts": True})
                if status == 200:
                    self.orders.append(order)
            for order in self.orders:
                await self.worker.report(order, "result", **await self.result_of(order))
        raise AssertionError(f"it does not end: {body['state']}")


async def check(site: Site, verbs: list[str]) -> None:
    site.id = (await site.editor.uploaded())["id"]
    for verb in verbs:
        await site.step(verb)
    body = await site.bring_to_its_end()
    assert [part["text"] for part in body["segments"]] == [f"Words of chunk {n}." for n in (0, 5, 10)]
    assert {part["speaker"] for part in body["segments"]} == {"SPEAKER_00"}
    assert (body["diarization"]["state"], body["enrichment"]["state"]) == ("done", "done")
    assert body["enrichment"]["title"] == "A title"
    assert body["enrichment"]["percent"] == 100.0
    assert await site.client.app[DATABASE].run(lambda: EnrichmentPlan.select().count()) == 0
    assert (body["error"], body["percent"]) == (None, 100.0)


async def test_any_order_of_reports_ends_with_everything_there(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    sequences: list[tuple[list[str], int]] = []
    verbs = st.lists(st.sampled_from([*VERBS, "cancel", "retry"]), min_size=STEPS // 2, max_size=STEPS)

    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(verbs, st.integers(0, 2**32))
    def draw(sequence: list[str], seed: int) -> None:
        sequences.append((sequence, seed))

    draw()
    for sequence, seed in sequences:
        await check(Site(client, editor, worker, random.Random(seed)), sequence)


async def test_reports_that_come_all_at_once_neither_deadlock_nor_lose_anything(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    sites = [Site(client, editor, worker, random.Random(n)) for n in range(3)]
    for site in sites:
        site.id = (await editor.uploaded())["id"]
    for _ in range(6):
        await asyncio.gather(*(site.step(verb) for site in sites for verb in VERBS if verb != "wipe"))
    for site in sites:
        body = await site.bring_to_its_end()
        assert [part["text"] for part in body["segments"]] == [f"Words of chunk {n}." for n in (0, 5, 10)]
    assert await client.app[DATABASE].run(lambda: {row.state for row in Transcription.select()}) == {"done"}
    assert (await rows_of(client))["Enrichment"] == 3
