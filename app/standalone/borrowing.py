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
async def borrowed_instance(state: StateFolder) -> AsyncIterator[str]:
    """Give the address of the instance that runs on the folder; where none does, start one, and stop it afterwards.

    Its log goes to standard error. Raises CannotStart.
    """
    if state.is_in_use():
        address = await asyncio.to_thread(_answering, state)
        if address is not None:
            yield address
            return
    else:
        # What answers at the address of an earlier run is another program, and is told no password.
        state.forget_address()
    program = [sys.executable, "-m", "app.cli.main", "serve", "--state", str(state.root)]
    process = await asyncio.create_subprocess_exec(
        *leash.command(program, orphan_signal=signal.SIGTERM),
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
    )
    try:
        while (address := await asyncio.to_thread(_answering, state)) is None:
            if process.returncode is not None:
                raise CannotStart("The instance did not start.", remedy="Its last lines above say why.")
            await asyncio.sleep(POLL_SECONDS)
        yield address
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()


def _answering(state: StateFolder) -> str | None:
    address = state.read_address()
    return address if address is not None and answers(address) else None
