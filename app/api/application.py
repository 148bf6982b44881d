"""The application, assembled top to bottom."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from app.api.auditing import audit_middleware, purge_old_entries
from app.api.credentials.attempts import Attempts
from app.api.credentials.authentication import authentication_middleware
from app.api.credentials.client_address import TrustedProxies
from app.api.delivery import Delivery
from app.api.documentation.library import LIBRARY, Library
from app.api.downloads.downloading import Downloads
from app.api.following.hub import Hub
from app.api.keys import (
    ASYNC_REDIS,
    ATTEMPTS,
    AUDITED_LATELY,
    DATABASE,
    DATABASE_WATCH,
    DELIVERY,
    DOWNLOADS,
    HOLDS,
    HUB,
    LOOKS,
    METRICS,
    OIDC,
    PASSWORD_SLOTS,
    PROBE_SLOTS,
    PROXIES,
    READINGS,
    REDIS,
    SETTINGS,
    UPLOADS,
    VOLUME_WATCH,
    WEBHOOKS,
)
from app.api.lately import Lately
from app.api.metrics.instruments import Metrics
from app.api.metrics.middleware import metrics_middleware
from app.api.metrics.readers import MetricsReaders
from app.api.metrics.site import Site
from app.api.oidc.configuration import configured
from app.api.oidc.provider import Oidc
from app.api.overviews import OVERVIEWS, Overviews
from app.api.problems import problem_middleware
from app.api.readings import Readings
from app.api.reconciler import Reconciler
from app.api.request_log import gone_middleware, name_the_request, request_log_middleware
from app.api.retention import RetentionSweep, site_limits
from app.api.routes import (
    api_keys,
    audit,
    auth,
    documentation,
    enrichments,
    exports,
    health,
    holds,
    internal,
    metrics,
    models,
    notes,
    oidc,
    openai,
    operations,
    original,
    original_admin,
    projects,
    questions,
    quotas,
    recordings,
    retention,
    search,
    segments,
    sessions,
    shared,
    shares,
    speakers,
    storage,
    task_sets,
    transcriptions,
    updates,
    uploads,
    users,
    vocabulary,
    voiceprints,
    webhook_deliveries,
    webhooks,
)
from app.api.tus.finishing import finish_abandoned
from app.api.tus.holding import Holds
from app.api.tus.protocol import name_the_version
from app.api.volume.uploads import UploadVolume
from app.api.watch import Watch
from app.api.webhooks.dispatching import Webhooks
from app.db.database import Database
from app.db.looks import Looks
from app.logs import configure_logging
from app.notify import ServiceManager
from app.queueing.connections import connect, connect_async
from app.settings import Settings, load_settings

_ROOMS = (
    # The one that is read most: addresses are tried in this order.
    transcriptions,
    audit,
    auth,
    sessions,
    oidc,
    documentation,
    enrichments,
    exports,
    health,
    metrics,
    holds,
    models,
    notes,
    openai,
    operations,
    storage,
    original,
    original_admin,
    projects,
    api_keys,
    questions,
    quotas,
    recordings,
    retention,
    vocabulary,
    search,
    segments,
    shared,
    shares,
    speakers,
    task_sets,
    updates,
    uploads,
    users,
    voiceprints,
    webhooks,
    webhook_deliveries,
)
_JSON_LIMIT_BYTES = 1024 * 1024
# A chunk's result carries every word of some minutes of speech, a diarization every turn of a whole day.
_INTERNAL_LIMIT_BYTES = 64 * 1024 * 1024
# An instance has 1 GB: a password takes 64 MiB while it is checked, a recording some hundred while it is probed.
_PASSWORDS_AT_ONCE = 2
_PROBES_AT_ONCE = 4
# Longer than an answer takes on a busy host, and shorter than clients wait or than connecting takes to fail.
_VOLUME_PATIENCE_SECONDS = 3.0
_DATABASE_PATIENCE_SECONDS = 4.0
# Often enough for a watchdog of a minute.
_ALIVE_SECONDS = 10


def create_app(settings: Settings) -> web.Application:
    """Assemble the API for these settings. Starting it connects to PostgreSQL and Redis."""
    app = web.Application(
        middlewares=[
            gone_middleware,
            metrics_middleware,
            request_log_middleware,
            problem_middleware,
            audit_middleware,
            authentication_middleware,
        ],
        client_max_size=_JSON_LIMIT_BYTES,
    )
    app[SETTINGS] = settings
    app[METRICS] = Metrics()
    app[metrics.READERS] = MetricsReaders(settings)
    app[AUDITED_LATELY] = Lately()
    app[PROXIES] = TrustedProxies.of_settings(settings.trusted_proxies)
    if (oidc := configured(settings)) is not None:
        app[OIDC] = Oidc(oidc)
    app[PASSWORD_SLOTS] = asyncio.Semaphore(_PASSWORDS_AT_ONCE)
    app[PROBE_SLOTS] = asyncio.Semaphore(_PROBES_AT_ONCE)
    app[LIBRARY] = Library(app)
    for room in _ROOMS:
        app.add_routes(room.routes)
    app.add_routes(internal.routes(_INTERNAL_LIMIT_BYTES))
    app.cleanup_ctx.extend(
        [
            _database,
            _redis,
            _uploads,
            _hub,
            _reconciler,
            _retention,
            _resumable,
            _downloads,
            _audit,
            _webhooks,
            _site,
            _service,
        ]
    )
    app.on_shutdown.append(_let_go)
    app.on_response_prepare.extend([name_the_request, name_the_version])
    return app


async def application() -> web.Application:
    """What gunicorn serves."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, settings.log_file)
    return create_app(settings)


async def _database(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    database = Database(settings.database_url.get_secret_value(), settings.database_connections)
    database.use.observe = app[METRICS].database_wait.observe
    app[DATABASE] = database
    app[OVERVIEWS] = Overviews(database)
    app[LOOKS] = Looks(database)
    app[READINGS] = Readings(database, app[LOOKS])
    app[DATABASE_WATCH] = watch = Watch(
        "the database",
        database.check,
        database.tell_whether_it_hangs,
        patience_seconds=_DATABASE_PATIENCE_SECONDS,
        # Where no packet passes, connecting ends with an error after some seconds; whoever tried it anew would wait as long.
        errors_go_on=True,
    )
    async with _background(watch.run()):
        yield
    watch.close()
    await asyncio.to_thread(database.close)


async def _redis(app: web.Application) -> AsyncIterator[None]:
    url = app[SETTINGS].redis_url.get_secret_value()
    app[REDIS] = connect(url, name="vocalyx-api")
    app[ASYNC_REDIS] = connect_async(url, name="vocalyx-api")
    app[DELIVERY] = Delivery(app[REDIS], app[METRICS].observe)
    app[ATTEMPTS] = Attempts(app[ASYNC_REDIS], app[SETTINGS])
    yield
    await asyncio.to_thread(app[DELIVERY].close)
    await app[ASYNC_REDIS].aclose()
    app[REDIS].close()


async def _uploads(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    volume = UploadVolume(
        settings.uploads_dir, limit_bytes=settings.upload_limit, reserve_bytes=settings.upload_reserve
    )
    volume.prepare()
    app[UPLOADS] = volume
    app[VOLUME_WATCH] = watch = Watch(
        "the uploads volume",
        volume.check_writable,
        volume.tell_whether_it_hangs,
        patience_seconds=_VOLUME_PATIENCE_SECONDS,
    )
    async with _background(watch.run()):
        yield
    watch.close()


async def _hub(app: web.Application) -> AsyncIterator[None]:
    app[HUB] = Hub(app[DATABASE], app[ASYNC_REDIS])
    async with _background(app[HUB].run()):
        yield


async def _reconciler(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    reconciler = Reconciler(
        app[DATABASE],
        app[DELIVERY],
        app[UPLOADS],
        interval_seconds=settings.reconcile_interval,
        lease_seconds=settings.lease,
    )
    async with _background(reconciler.run()):
        yield


async def _retention(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    sweep = RetentionSweep(
        app[DATABASE],
        app[DELIVERY],
        app[UPLOADS],
        site_limits(settings),
        interval_seconds=settings.retention_interval,
    )
    async with _background(sweep.run()):
        yield


async def _resumable(app: web.Application) -> AsyncIterator[None]:
    app[HOLDS] = Holds(app[DATABASE])
    async with _background(finish_abandoned(app)):
        yield


async def _downloads(app: web.Application) -> AsyncIterator[None]:
    app[DOWNLOADS] = Downloads(app[SETTINGS], app[DATABASE], app[DELIVERY], app[UPLOADS], app[PROBE_SLOTS])
    async with _background(app[DOWNLOADS].run()):
        yield


async def _audit(app: web.Application) -> AsyncIterator[None]:
    async with _background(purge_old_entries(app)):
        yield


async def _webhooks(app: web.Application) -> AsyncIterator[None]:
    app[WEBHOOKS] = sender = Webhooks(app[SETTINGS], app[DATABASE], app[ASYNC_REDIS], app[DELIVERY])
    async with _background(sender.run()), _background(sender.follow()), _background(sender.sweep()):
        yield


async def _site(app: web.Application) -> AsyncIterator[None]:
    app[metrics.SITE] = Site(app)
    yield
    await app[metrics.SITE].close()


async def _service(_app: web.Application) -> AsyncIterator[None]:
    # The last of the lifetimes: all others have begun, and the socket was bound before this process was made.
    manager = ServiceManager()
    manager.ready()
    async with _background(_say_alive(manager)):
        yield
    manager.stopping()


async def _say_alive(manager: ServiceManager) -> None:
    # From the event loop itself: what hangs is the loop, whatever else of the process still runs.
    while True:
        manager.alive()
        await asyncio.sleep(_ALIVE_SECONDS)


async def _let_go(app: web.Application) -> None:
    # Or a stop would wait for connections that never end by themselves, and for uploads that another instance can take.
    app[HUB].close()
    app[HOLDS].close()


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        # Again and again: a cancellation that meets the Redis client while it connects is taken for a timeout there.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.5)
