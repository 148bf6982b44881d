"""Typed keys of what hangs on the application and on a request."""

import asyncio

from aiohttp import web
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from app.api.credentials.attempts import Attempts
from app.api.credentials.client_address import TrustedProxies
from app.api.delivery import Delivery
from app.api.downloads.downloading import Downloads
from app.api.following.hub import Hub
from app.api.lately import Lately
from app.api.metrics.instruments import Metrics
from app.api.oidc.provider import Oidc
from app.api.readings import Readings
from app.api.tus.holding import Holds
from app.api.volume.uploads import UploadVolume
from app.api.watch import Watch
from app.api.webhooks.dispatching import Webhooks
from app.core.access import Principal
from app.db.database import Database
from app.db.looks import Looks
from app.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
DATABASE = web.AppKey("database", Database)
REDIS = web.AppKey("redis", Redis)
ASYNC_REDIS = web.AppKey("async_redis", AsyncRedis)
DELIVERY = web.AppKey("delivery", Delivery)
HUB = web.AppKey("hub", Hub)
METRICS = web.AppKey("metrics", Metrics)
LOOKS = web.AppKey("looks", Looks)
READINGS = web.AppKey("readings", Readings)
UPLOADS = web.AppKey("uploads", UploadVolume)
VOLUME_WATCH = web.AppKey("volume_watch", Watch)
DATABASE_WATCH = web.AppKey("database_watch", Watch)
HOLDS = web.AppKey("holds", Holds)
DOWNLOADS = web.AppKey("downloads", Downloads)
ATTEMPTS = web.AppKey("attempts", Attempts)
PROXIES = web.AppKey("proxies", TrustedProxies)
WEBHOOKS = web.AppKey("webhooks", Webhooks)
PASSWORD_SLOTS = web.AppKey("password_slots", asyncio.Semaphore)
AUDITED_LATELY = web.AppKey("audited_lately", Lately)
OIDC = web.AppKey("oidc", Oidc)
PROBE_SLOTS = web.AppKey("probe_slots", asyncio.Semaphore)

PRINCIPAL = web.RequestKey("principal", Principal)
REQUEST_ID = web.RequestKey("request_id", str)
REFUSED_ON = web.RequestKey("refused_on", str)
"""The page on which a person is told of a refusal, where one is in front of the browser that asks."""
