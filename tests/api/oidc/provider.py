"""A provider of OpenID Connect: a real server in a process of its own, and between it and us a hand that can lie.

The hand passes everything on as it is, names the addresses as its own, and holds callers to PKCE, which the server behind
it does not. What a test wants answered otherwise, it answers otherwise.
"""

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from yarl import URL

from app.standalone import leash
from app.standalone.state import free_port

CLIENT_ID = "vocalyx"
CLIENT_SECRET = "a secret of the client: with % and ü"
_START_SECONDS = 60

Claims = dict[str, Any]


@contextmanager
def running_server() -> Iterator[str]:
    """Run the real server; gives its address."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    environment = {"PATH": os.environ["PATH"], "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(
        leash.command(command), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_port(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "the provider did not start"
            assert time.monotonic() < deadline, "the provider does not answer"
            time.sleep(0.05)
        else:
            return


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)


class Provider:
    """The hand. `metadata`, `keys` and `token` change what it passes on; `answers` takes the place of a whole path's."""

    def __init__(self, upstream: str, session: ClientSession) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.verified = 0
        self.authorizations: list[str | None] = []
        self.metadata: dict[str, Any] = {}
        self.keys: list[Any] | None = None
        self.token: Callable[[Claims, str], str] | None = None
        self.answers: dict[str, Callable[[web.Request], web.Response]] = {}
        self._upstream = upstream
        self._session = session
        self._challenges: dict[str, str] = {}

    async def name(self, sub: str, **claims: Any) -> None:
        """Say what the provider knows of a user."""
        async with self._session.put(f"{self._upstream}/users/{sub}", json=claims) as answer:
            assert answer.status == 204

    def signs_with(
        self, key: RSAKey | ECKey, *, change: Callable[[Claims], Any] = lambda _: None, alg: str = "RS256"
    ) -> None:
        """Have tokens signed anew, by this key, after a change of their claims."""

        def token(claims: Claims, _: str) -> str:
            change(claims)
            return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])

        self.token = token

    async def handle(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if request.path in self.answers:
            return self.answers[request.path](request)
        content = await request.read()
        if request.path == "/oauth2/token":
            self.authorizations.append(request.headers.get("Authorization"))
            form = await request.post()
            if not self._is_verified(str(form["code"]), str(form.get("code_verifier", ""))):
                return web.json_response({"error": "invalid_grant"}, status=400)
        kept = {
            name: request.headers[name] for name in ("Host", "Content-Type", "Authorization") if name in request.headers
        }
        async with self._session.request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            data=content or None,
            headers=kept,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
        headers = {name: answer.headers[name] for name in ("Location", "Content-Type") if name in answer.headers}
        code = URL(headers.get("Location", "")).query.get("code")
        if code is not None:
            assert request.query["code_challenge_method"] == "S256"
            self._challenges[code] = request.query["code_challenge"]
        return web.Response(status=answer.status, body=self._changed(request.path, body), headers=headers)

    def _is_verified(self, code: str, verifier: str) -> bool:
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        verified = 43 <= len(verifier) <= 128 and digest == self._challenges.get(code)
        self.verified += verified
        return verified

    def _changed(self, path: str, body: bytes) -> bytes:
        if path == "/.well-known/openid-configuration":
            return json.dumps(json.loads(body) | self.metadata).encode()
        if path == "/jwks" and self.keys is not None:
            return json.dumps({"keys": self.keys}).encode()
        if path == "/oauth2/token" and self.token is not None:
            answer = json.loads(body)
            if "id_token" in answer:
                answer["id_token"] = self.token(claims_of(answer["id_token"]), answer["id_token"])
            return json.dumps(answer).encode()
        return body


def claims_of(token: str) -> Claims:
    """Read a token without believing it."""
    payload = token.split(".")[1]
    claims: Claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@asynccontextmanager
async def provider_before(upstream: str) -> AsyncIterator[Provider]:
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        provider = Provider(upstream, session)
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", provider.handle)
        async with TestServer(application) as server:
            provider.url = str(server.make_url("")).rstrip("/")
            yield provider
