"""Names of other servers, looked up in threads that nothing else needs."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host, for connections to a port."""

_AT_ONCE = 128


def lookup_in_threads(whose: str) -> Lookup:
    """Return what asks the system's resolver, in threads named after those `whose` they are, which begin on demand.

    A name whose servers do not answer holds its thread for half a minute, whoever gives up waiting: not one in which
    passwords are checked or files are read. And one alone: who asks for the name meanwhile waits for the same answer.
    """
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"{whose}-lookup")
    under_way: dict[tuple[str, int], Future[list[str]]] = {}

    def ask(host: str, port: int) -> list[str]:
        return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

    async def look_up(host: str, port: int) -> list[str]:
        asked = under_way.get((host, port))
        if asked is None:
            asked = under_way[host, port] = threads.submit(ask, host, port)
            asked.add_done_callback(lambda _: under_way.pop((host, port)))
        answer = asyncio.wrap_future(asked)
        answer.add_done_callback(_take_note)
        # Who gives up waiting does not take the answer from the others.
        return await asyncio.shield(answer)

    return look_up


class Resolver(AbstractResolver):
    """Gives an HTTP client the addresses that a look-up finds."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    async def addresses(self, host: str, port: int) -> list[str]:
        return await self._lookup(host, port)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - of the interface
    ) -> list[ResolveResult]:
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for address in await self.addresses(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _take_note(answer: asyncio.Future[list[str]]) -> None:
    """Let an error that nobody waits for any more pass: it would be logged as one that was forgotten."""
    if not answer.cancelled():
        answer.exception()
