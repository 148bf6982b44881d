"""What people log in with: what is taken for a new name and a new password, and the hash of one."""

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import Field

from app.api.keys import PASSWORD_SLOTS
from app.db import accounts

NewUsername = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.@+-]+$")]
NewPassword = Annotated[str, Field(min_length=12, max_length=1000)]


async def hashed(app: web.Application, password: str) -> str:
    """Return what is kept of a password. It waits until memory may be taken for that, and keeps nobody else waiting."""
    async with app[PASSWORD_SLOTS]:
        return await asyncio.to_thread(accounts.hash_password, password)
