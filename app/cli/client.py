"""A client of the HTTP API that outlives restarts of the API: used by `vocalyx transcribe`, the demo and the benchmarks."""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from app.cli.instance import AccessToken, ApiKey, Instance, Login
from app.cli.patience import ApiUnreachable, Patience
from app.core.errors import NotAuthenticated, VocalyxError

PATIENCE_SECONDS = 300.0
FIRST_CONTACT_SECONDS = 5.0
MAX_UPLOAD_ATTEMPTS = 5
_PROGRESS_INTERVAL_SECONDS = 0.1
_HEARTBEAT_SECONDS = 15.0
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_AWAY = frozenset({502, 503, 504})
_OPEN_AGAIN = frozenset({"resume", "dependency-down", "internal-error"})
_OPEN_AGAIN_SECONDS = 2.0
"""After so long a stream is opened again that ended with one of these codes, as the API asks for."""
_FIRST_ERROR, _UNAUTHORIZED, _CONFLICT = 400, 401, 409
# After the last byte the server still hashes, syncs and probes the recording.
_UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=600)
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)

LOST = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, ConnectionError)
"""What it looks like when a server goes away, before or during an exchange."""

UploadObserver = Callable[[int, int], None]
"""Called with the bytes sent so far and the bytes of the file; starts again from 0 when the file is sent again."""


class RequestRefused(VocalyxError):
    """The API answered with a problem (RFC 9457); `http_status` and `problem_code` say which."""

    def __init__(self, http_status: int, problem: Mapping[str, Any]) -> None:
        fields = [f"{entry.get('field')}: {entry.get('message')}" for entry in problem.get("errors") or ()]
        detail = str(problem.get("detail") or problem.get("title") or f"The API answered with status {http_status}.")
        if fields and detail not in "".join(fields):
            detail = f"{detail} ({'; '.join(fields)})"
        super().__init__(detail, remedy=str(problem.get("remedy") or self.default_remedy))
        self.http_status = http_status
        self.problem_code = str(problem.get("code") or "")
        self.request_id = str(problem.get("request_id") or "")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def away(self) -> bool:
        """Tell whether a proxy, or the API itself, says that the service is not there just now."""
        return self.status in _AWAY

    @property
    def retry_after_seconds(self) -> float:
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else 0.0

    def json(self) -> dict[str, Any]:
        """Return the body's object. Raises `ApiUnreachable` where it is something else: then this is not our API."""
        with suppress(ValueError):
            content = json.loads(self.body)
            if isinstance(content, dict):
                return content
        raise ApiUnreachable("What answers at this address is not Vocalyx.")

    def checked(self) -> Self:
        """Return the answer itself, or raise `RequestRefused` for a problem."""
        if self.status < _FIRST_ERROR:
            return self
        problem: Mapping[str, Any] = {}
        with suppress(ApiUnreachable):
            problem = self.json()
        raise RequestRefused(self.status, problem)


class ApiClient:
    """One session with one server; an asynchronous context.

    Whatever may safely be asked twice is asked again, with growing waits, while the server is away, for up to
    `patience_seconds`; `notify` is told of it in sentences for people. Raises `RequestRefused` and `ApiUnreachable`.
    """

    def __init__(
        self,
        instance: Instance,
        *,
        notify: Callable[[str], None] = lambda _: None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._url = instance.url
        self._credentials = instance.credentials
        self._notify = notify
        self._patience_seconds = patience_seconds
        self._session: aiohttp.ClientSession | None = None
        self._session_token: str | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        session = self._opened
        if self._session_token is not None:
            with suppress(VocalyxError, *LOST):
                async with asyncio.timeout(2):
                    await self._send("DELETE", "/api/auth/token")
        await session.close()
        self._session = None

    def patience(self, limit_seconds: float | None = None) -> Patience:
        """Return a new measure of waiting, of the client's own length unless told otherwise."""
        return Patience(self._patience_seconds if limit_seconds is None else limit_seconds, self._notify)

    async def connect(self) -> dict[str, Any]:
        """Prove address and credentials, logging in where needed; return who the server says that we are.

        A server that is not there is waited for a few seconds only: the address may be wrong.
        """
        patience = self.patience(min(FIRST_CONTACT_SECONDS, self._patience_seconds))
        return await self._json("GET", "/api/auth/me", patience=patience)

    async def read(self, transcription_id: str) -> dict[str, Any]:
        """Return a transcription with its speakers and segments."""
        return await self._json("GET", f"/api/transcriptions/{transcription_id}")

    async def cancel(self, transcription_id: str) -> dict[str, Any]:
        """Ask for a transcription to be stopped, wherever it is."""
        return await self._json("POST", f"/api/transcriptions/{transcription_id}/cancel")

    async def get_json(self, path: str) -> dict[str, Any]:
        """Return what stands at an address of the API."""
        return await self._json("GET", path)

    async def send_json(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a body once and return the answer: what is sent here may not be sent twice.

        Raises `ApiUnreachable` where it is not known whether it came.
        """
        try:
            answer = await self._authorised(lambda: self._send(method, path, body))
        except LOST as error:
            raise ApiUnreachable(f"{self._url} does not answer ({reason(error)}).") from error
        return answer.checked().json()

    async def events(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages of a stream of server-sent events, to its end.

        It is opened again where the connection is lost, and where the API ends it for reasons that pass.
        """
        waiting = self.patience()
        while True:
            at_least_seconds = 0.0
            try:
                async with self._stream(path) as lines:
                    async for line in lines:
                        if not line.startswith(b"data:"):
                            continue
                        message = json.loads(line.removeprefix(b"data:"))
                        if message.get("type") != "end":
                            waiting.restore()
                            yield message
                        elif self._goes_on(message.get("code")):
                            at_least_seconds = _OPEN_AGAIN_SECONDS
                        else:
                            return
                trouble = "The connection for the answer has ended."
            except (*LOST, ValueError) as error:
                trouble = f"The connection for the answer was lost ({reason(error)})."
            await waiting.wait(trouble, at_least_seconds=at_least_seconds)

    async def download(self, transcription_id: str, format_name: str) -> bytes:
        """Return the transcript in one of the formats of `app.core.formats`, whole."""
        return (await self._request("GET", f"/api/transcriptions/{transcription_id}.{format_name}")).body

    async def upload(
        self,
        file: Path,
        fields: Mapping[str, str],
        *,
        idempotency_key: str | None = None,
        observer: UploadObserver = lambda _sent, _total: None,
    ) -> dict[str, Any]:
        """Send a recording with its options, streamed, and return the transcription that was created.

        When the connection is lost midway the recording is sent again, once the API is back, with the same idempotency
        key: it is never transcribed twice.
        """
        key = idempotency_key or str(uuid.uuid4())
        patience = self.patience()
        for attempt in range(1, MAX_UPLOAD_ATTEMPTS + 1):
            try:
                answer = await self._authorised(lambda: self._send_file(file, fields, key, observer))
            except LOST as error:
                trouble = f"The connection was lost during the upload ({reason(error)})."
            else:
                # The first sending may still be being worked on, by an instance that did not see the connection go.
                taken = attempt > 1 and answer.status == _CONFLICT
                if not (answer.away or taken):
                    return answer.checked().json()
                trouble = f"The API cannot take the recording at the moment (status {answer.status})."
            await patience.wait(trouble)
            await self._until_alive(patience)
            self._notify(f"Sending {file.name} again.")
        raise ApiUnreachable(
            f"The upload was broken off {MAX_UPLOAD_ATTEMPTS} times.",
            remedy="Check the network, and the limits of any proxy on the way, and send the recording again.",
        )

    @asynccontextmanager
    async def updates(self, parameters: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open the WebSocket of updates. Raises one of `LOST` where the server is away: the caller has the cursor."""
        address = f"{self._url}/api/ws/updates"
        for attempt in (1, 2):
            try:
                socket = await self._opened.ws_connect(
                    address,
                    params=parameters,
                    headers=await self._authorisation(),
                    heartbeat=_HEARTBEAT_SECONDS,
                    max_msg_size=_MAX_MESSAGE_BYTES,
                )
            except aiohttp.WSServerHandshakeError as error:
                if error.status in _AWAY:
                    raise ConnectionError(f"status {error.status}") from error
                if error.status == _UNAUTHORIZED and attempt == 1 and self.forget_session():
                    continue
                await self.connect()  # whose problem document says more than a failed handshake
                raise RequestRefused(error.status, {"detail": f"Updates were refused: {error.message}."}) from error
            async with socket:
                yield socket
            return

    def forget_session(self) -> bool:
        """Drop a session that the server no longer accepts; tell whether another can be opened."""
        self._session_token = None
        return isinstance(self._credentials, Login)

    # Inside

    @asynccontextmanager
    async def _stream(self, path: str) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a stream of server-sent events, as lines. Raises one of `LOST` where the server is away."""
        for attempt in (1, 2):
            async with self._opened.get(
                f"{self._url}{path}", headers=await self._authorisation(), allow_redirects=False
            ) as response:
                if response.ok:
                    yield response.content
                    return
                answer = await _answer_of(response)
            if answer.away:
                raise ConnectionError(f"status {answer.status}")
            if not (answer.status == _UNAUTHORIZED and attempt == 1 and self.forget_session()):
                answer.checked()

    def _goes_on(self, code: object) -> bool:
        """Tell whether a stream that the API ended with a code is worth opening again."""
        return code in _OPEN_AGAIN or (code == NotAuthenticated.code and self.forget_session())

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("The client is used outside its context.")
        return self._session

    async def _json(self, method: str, path: str, *, patience: Patience | None = None) -> dict[str, Any]:
        return (await self._request(method, path, patience=patience)).json()

    async def _request(self, method: str, path: str, *, patience: Patience | None = None) -> _Answer:
        """Ask until there is an answer. Only for what may be asked twice."""
        waiting = patience or self.patience()
        while True:
            try:
                answer = await self._authorised(lambda: self._send(method, path))
            except LOST as error:
                await waiting.wait(f"{self._url} does not answer ({reason(error)}).")
                continue
            if answer.away:
                await waiting.wait(
                    f"The API is not available (status {answer.status}).", at_least_seconds=answer.retry_after_seconds
                )
                continue
            waiting.restore()
            return answer.checked()

    async def _authorised(self, send: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Send; where the session turns out to have expired, log in again, once, and send again."""
        answer = await send()
        if answer.status == _UNAUTHORIZED and self._session_token is not None and self.forget_session():
            answer = await send()
        return answer

    async def _authorisation(self) -> dict[str, str]:
        match self._credentials:
            case ApiKey(value):
                return {"X-API-Key": value}
            case AccessToken(value):
                return {"Authorization": f"Bearer {value}"}
            case Login():
                if self._session_token is None:
                    self._session_token = await self._log_in(self._credentials)
                return {"Authorization": f"Bearer {self._session_token}"}

    async def _log_in(self, login: Login) -> str:
        body = {"username": login.username, "password": login.password}
        with _not_our_api():
            async with self._opened.post(f"{self._url}/api/auth/token", json=body, allow_redirects=False) as response:
                answer = await _answer_of(response)
        if answer.away:
            raise ConnectionError(f"status {answer.status}")
        return str(answer.checked().json().get("access_token", ""))

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> _Answer:
        headers = await self._authorisation()
        with _not_our_api():
            async with self._opened.request(
                method, f"{self._url}{path}", json=body, headers=headers, allow_redirects=False
            ) as response:
                return await _answer_of(response)

    async def _send_file(self, file: Path, fields: Mapping[str, str], key: str, observer: UploadObserver) -> _Answer:
        headers = {**await self._authorisation(), "Idempotency-Key": key}
        with file.open("rb") as recording, _not_our_api():
            form = aiohttp.FormData(quote_fields=False)
            for name, value in fields.items():
                form.add_field(name, value)
            # Last, so that a server can refuse the options before it has read the recording.
            shown_name = file.name.encode("utf-8", "replace").decode()
            form.add_field("file", recording, filename=shown_name, content_type="application/octet-stream")
            tracker = aiohttp.UploadTracker()
            size_bytes = os.fstat(recording.fileno()).st_size
            watch = asyncio.create_task(_watch(tracker, size_bytes, observer))
            try:
                async with self._opened.post(
                    f"{self._url}/api/transcriptions",
                    data=form,
                    headers=headers,
                    timeout=_UPLOAD_TIMEOUT,
                    allow_redirects=False,
                    upload_tracker=tracker,
                ) as response:
                    answer = await _answer_of(response)
            finally:
                watch.cancel()
                # The last look was a while ago, and whoever breaks an upload off must know whether all of it was sent.
                observer(min(tracker.bytes_written, size_bytes), size_bytes)
        if answer.status < _FIRST_ERROR:
            observer(size_bytes, size_bytes)
        return answer

    async def _until_alive(self, patience: Patience) -> None:
        """Wait until the API says that it can work, before a long upload is begun anew."""
        while True:
            trouble = "The API is not back yet."
            with suppress(*LOST):
                answer = await self._send("GET", "/health/ready")
                if not answer.away:
                    patience.restore()
                    return
                trouble = f"The API is not ready (status {answer.status})."
            await patience.wait(trouble)


async def _answer_of(response: aiohttp.ClientResponse) -> _Answer:
    # Not response.read(): that waits for the request's body to be sent, which a server that refuses it does not read.
    body = await response.content.read()
    if not response.ok:
        response.close()
    return _Answer(response.status, response.headers, body)


async def _watch(tracker: aiohttp.UploadTracker, total: int, observer: UploadObserver) -> None:
    """Tell the observer how far the upload is, until it is complete."""
    observer(0, total)
    while not tracker.upload_complete.done():
        await asyncio.sleep(_PROGRESS_INTERVAL_SECONDS)
        # The multipart envelope counts too, a few hundred bytes.
        observer(min(tracker.bytes_written, total), total)


@contextmanager
def _not_our_api() -> Iterator[None]:
    """Turn what no waiting will mend into `ApiUnreachable`: an untrusted certificate, a server of another kind."""
    try:
        yield
    except aiohttp.ClientSSLError as error:
        raise ApiUnreachable(
            f"No secure connection could be made: {error}.",
            remedy="Check the address; name your site's certificate authority in SSL_CERT_FILE.",
        ) from error
    except aiohttp.ClientResponseError as error:
        raise ApiUnreachable(f"What answers at this address does not speak HTTP: {error.message}.") from error


def reason(error: BaseException) -> str:
    """Return why a connection was lost, in a few words."""
    if isinstance(error, aiohttp.ClientConnectorError):
        code = error.os_error.errno
        return os.strerror(code) if code and code > 0 else str(error.os_error)
    return str(error) or type(error).__name__
