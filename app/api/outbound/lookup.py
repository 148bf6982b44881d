"""Names of other servers, looked up in threads that nothing else needs."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

Lookup = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host, for connections to a port."""

_AT_ONCE = 8


def lookup_in_threads(whose: str) -> Lookup:
    """Return what asks the system's resolver, in a few threads named after those `whose` they are.

    A name whose servers do not answer holds its thread for half a minute, whoever gives up waiting: not one in which
    passwords are checked or files are read.
    """
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"{whose}-lookup")

    async def look_up(host: str, port: int) -> list[str]:
        def ask() -> list[str]:
            return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(threads, ask)

    return look_up
