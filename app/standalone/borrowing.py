"""An instance for as long as something needs one: the one that runs on a state folder, or one started for it."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.standalone import leash
from app.standalone.errors import CannotStart
from app.standalone.site import CHECKOUT, answers
from app.standalone.state import StateFolder

POLL_SECONDS = 0.3


@asynccontextmanager
async def borrowed_instance(state: StateFolder) -> AsyncIterator[None]:
    """Use the instance that runs on the folder; where none does, start one, its log on standard error, and stop it."""
    if await asyncio.to_thread(_is_up, state):
        yield
        return
    program = [sys.executable, "-m", "app.cli.main", "serve", "--state", str(state.root)]
    process = await asyncio.create_subprocess_exec(
        *leash.command(program, orphan_signal=signal.SIGTERM),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
    )
    try:
        while not await asyncio.to_thread(_is_up, state):
            if process.returncode is not None:
                raise CannotStart("The instance did not start.", remedy="Its last lines above say why.")
            await asyncio.sleep(POLL_SECONDS)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()


def _is_up(state: StateFolder) -> bool:
    login = state.read_first_login()
    return login is not None and answers(login.url)
