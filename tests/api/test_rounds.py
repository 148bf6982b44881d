"""Work in the background: never more at once than is allowed, and given back where it is cut off."""

import asyncio
from collections import deque

from app.api.rounds import Rounds
from app.core.errors import DependencyDown


class Shop:
    """Pieces of work that are due; each goes on until it is let go."""

    def __init__(self, pieces: int) -> None:
        self.due = deque(range(pieces))
        self.begun: dict[int, asyncio.Event] = {}
        self.given_back: list[int] = []
        self.is_down = False

    async def claim(self) -> int | None:
        if self.is_down:
            raise DependencyDown
        return self.due.popleft() if self.due else None

    async def work(self, piece: int) -> None:
        self.begun[piece] = asyncio.Event()
        try:
            await self.begun[piece].wait()
        except asyncio.CancelledError:
            self.given_back.append(piece)
            raise


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_at_once_than_is_allowed_and_the_next_as_one_ends() -> None:
    shop = Shop(4)
    rounds = Rounds("pieces", shop.claim, shop.work, at_once=2, interval_seconds=3600)
    running = asyncio.create_task(rounds.run())
    await settled()
    assert (sorted(shop.begun), rounds.running) == ([0, 1], 2)
    shop.begun[1].set()
    await settled()
    assert (sorted(shop.begun), rounds.running) == ([0, 1, 2], 2)
    running.cancel()
    await asyncio.wait({running})
    assert (sorted(shop.given_back), rounds.running, list(shop.due)) == ([0, 2], 0, [3])


async def test_a_round_that_fails_is_not_the_last_one() -> None:
    shop = Shop(1)
    shop.is_down = True
    rounds = Rounds("pieces", shop.claim, shop.work, at_once=2, interval_seconds=3600)
    running = asyncio.create_task(rounds.run())
    await settled()
    assert shop.begun == {}
    shop.is_down = False
    rounds.wake()
    await settled()
    assert sorted(shop.begun) == [0]
    running.cancel()
    await asyncio.wait({running})
