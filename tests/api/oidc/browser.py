"""A browser with cookies of its own, in front of the API and of the provider."""

from typing import Any

from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient
from yarl import URL


class Browser:
    def __init__(self, client: TestClient, session: ClientSession) -> None:
        self._client = client
        self._session = session

    async def ask(self, method: str, path: str | URL, **options: Any) -> ClientResponse:
        """Ask the API."""
        target = self._client.make_url("").join(URL(str(path), encoded=True))
        return await self._session.request(method, target, allow_redirects=False, **options)

    async def begin(self, **query: str) -> URL:
        """Begin a login; gives the provider's address."""
        answer = await self.ask("GET", URL("/api/auth/oidc/login").with_query(query))
        assert answer.status == 303, await answer.text()
        assert answer.headers["Cache-Control"] == "no-store"
        return URL(answer.headers["Location"], encoded=True)

    async def decide(self, address: URL, **form: str) -> URL:
        """Agree, or not, on the provider's page; gives where on the API it leads."""
        answer = await self._session.post(address, data=form, allow_redirects=False)
        assert answer.status == 302, await answer.text()
        return URL(answer.headers["Location"], encoded=True)

    async def come_back(self, address: URL) -> ClientResponse:
        return await self.ask("GET", address.raw_path_qs)

    async def log_in(self, sub: str, **query: str) -> ClientResponse:
        return await self.come_back(await self.decide(await self.begin(**query), sub=sub))
