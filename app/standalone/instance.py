"""From a state folder to a running instance, and back: what `vocalyx serve` does, in order."""

import asyncio
import importlib.util
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from app.catalog.demo import FIRST_START
from app.catalog.installed import describe
from app.standalone.cores import CoreShares
from app.standalone.errors import CannotStart
from app.standalone.first_login import prepare_database
from app.standalone.log import InstanceLog
from app.standalone.postgres import PostgresServer
from app.standalone.site import Site, usable_cores
from app.standalone.state import StateFolder, is_free
from app.standalone.supervisor import Supervisor
from app.standalone.valkey import ValkeyServer


def serve(
    state_folder: Path,
    port: int,
    models: Path,
    say: Callable[[str], None],
    *,
    workers: int = 1,
    threads: int | None = None,
) -> None:
    """Run an instance until SIGINT, SIGTERM or SIGHUP, with so many transcription workers of so many threads each.

    Raises CannotStart where it cannot be brought up.
    """
    cores = CoreShares.of(usable_cores(), workers=workers, threads=threads)
    os.umask(0o077)  # recordings and logs are nobody else's, whoever writes them
    state = StateFolder(state_folder.absolute())
    state.create()
    with state.lock():
        if not is_free(port):
            raise CannotStart(
                f"Port {port} is taken by another program.",
                remedy=f"Choose another one: VOCALYX_PORT={port + 10} make run",
            )
        site = _lay_out(state, port, models.absolute(), cores, say)
        log = InstanceLog(state.log)
        try:
            asyncio.run(_Instance(site, log).run())
        finally:
            log.close()


def _lay_out(state: StateFolder, port: int, models: Path, cores: CoreShares, say: Callable[[str], None]) -> Site:
    site = Site(
        state=state,
        postgres=PostgresServer(state.postgres, state.port("postgres"), state.secret("postgres_password")),
        valkey=ValkeyServer(state.valkey, state.port("redis"), state.secret("redis_password")),
        port=port,
        models=models,
        cores=cores,
    )
    if not state.postgres.exists():
        say(f"First start: a new instance in {state.root}.")
    site.postgres.initialise()
    site.valkey.initialise()
    site.write_credentials()
    state.write_address(site.url)
    return site


class _Instance:
    """One run of an instance."""

    def __init__(self, site: Site, log: InstanceLog) -> None:
        self._site = site
        self._log = log
        self._supervisor = Supervisor(log)
        self._wanted_down = asyncio.Event()
        self._started = time.monotonic()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._be_asked_to_stop)
        starting = asyncio.create_task(self._start(), name="start")
        asked = asyncio.create_task(self._wanted_down.wait(), name="wait for a signal")
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                # A start that failed ends the run here; one that succeeded waits for the signal.
                starting.result()
                await asked
        finally:
            for task in (starting, asked):
                task.cancel()
            await asyncio.gather(starting, asked, return_exceptions=True)
            await self._supervisor.stop()

    def _be_asked_to_stop(self) -> None:
        if self._wanted_down.is_set():
            self._log.line("vocalyx", "stopping at once")
            self._supervisor.kill()
            return
        self._log.line("vocalyx", "stopping; jobs are handed back (once more to stop at once)")
        self._wanted_down.set()

    async def _start(self) -> None:
        site, supervisor = self._site, self._supervisor
        await asyncio.gather(
            supervisor.keep(site.postgres_program(), site.valkey_program()),
            self._fetch_models(),
        )
        await asyncio.to_thread(prepare_database, site)
        await supervisor.keep(site.api_program())
        await supervisor.keep(*site.transcription_programs())
        self._announce()
        await self._start_enrichment()

    async def _fetch_models(self) -> None:
        folder = self._site.models
        missing = [model for model in FIRST_START if not model.is_current(describe(folder / model.kind / model.name))]
        if missing:
            total = sum(model.download_bytes for model in missing)
            self._log.line("models", f"{len(missing)} to fetch, {total / 1e6:.0f} MB, once")
            await self._supervisor.perform(self._site.models_step())

    async def _start_enrichment(self) -> None:
        if not _language_engine_is_built():
            self._log.line(
                "engine",
                "the language model's engine is built for this processor, once, about 5 minutes on 2 cores; "
                "recordings are transcribed meanwhile and enriched afterwards",
            )
            try:
                await self._supervisor.perform(self._site.engine_step())
            except CannotStart as error:
                # What is finished is kept: transcription goes on without enrichment.
                self._log.line("engine", f"ERROR: {error.detail}")
                self._log.notice("Enrichment is off in this run: its engine could not be built.", error.remedy)
                return
        await self._supervisor.keep(self._site.enrichment_program())
        self._log.line("vocalyx", "enrichment has joined")

    def _announce(self) -> None:
        login = self._site.state.read_first_login()
        lines = [f"Vocalyx is up: {self._site.url}   ({time.monotonic() - self._started:.1f} s)"]
        if login is not None:
            lines.append(f"Log in as {login.username!r}; the password is in {self._site.state.first_login}")
        lines.append("Try it in another terminal: make demo.   Stop with Ctrl-C.")
        self._log.notice(*lines)


def _language_engine_is_built() -> bool:
    importlib.invalidate_caches()
    return importlib.util.find_spec("llama_cpp") is not None
