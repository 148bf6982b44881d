"""One request to the site's model server, and the events that it answers with.

What the server sends is not believed: lines, events and the whole have bounds, redirects are not followed, and no proxy
of the environment is used. The key is in one header and in no message.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.settings import Settings
from app.workers.enrichment.errors import AnswerTooSlow, ContextTooSmall, ModelServerDown, ModelServerRefused

_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 0.1
"""A job that waits for the server looks so often whether it is to stop."""

_LONGEST_LINE_BYTES = 256 * 1024
_LONGEST_REFUSAL_BYTES = 4000
_QUOTED_CHARACTERS = 200
_LINES_AHEAD = 256
_EVENTS_TYPE = "text/event-stream"
_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class ModelServer:
    """Where it is (`url`: up to and with /v1) and what may be asked of it. Times in seconds."""

    url: str
    models: tuple[str, ...]
    key: SecretStr
    context_tokens: int
    timeout_seconds: float
    silence_seconds: float
    patience_seconds: float
    answers_at_once: int = 4

    @classmethod
    def of_settings(cls, settings: Settings) -> Self | None:
        """Return the site's; None where there is none."""
        if not settings.llm_server_url:
            return None
        return cls(
            url=settings.llm_server_url.rstrip("/"),
            models=settings.served_models,
            key=settings.llm_server_key,
            context_tokens=settings.llm_server_context,
            timeout_seconds=settings.llm_server_timeout,
            silence_seconds=settings.llm_server_silence,
            patience_seconds=settings.llm_server_patience,
            answers_at_once=settings.llm_server_at_once,
        )


@dataclass(slots=True)
class Pulse:
    """When a server last wrote something, to whichever request: while it writes to one, others may wait their turn."""

    at: float = float("-inf")


class Exchange:
    """A request whose answer a thread of its own reads, so that whoever waits for it can be stopped meanwhile.

    As a context manager it ends the connection, whatever the server is doing.
    """

    def __init__(self, server: ModelServer, path: str, body: bytes, pulse: Pulse | None = None) -> None:
        self._server = server
        self._path = path
        self._body = body
        self._pulse = pulse or Pulse()
        self._came: queue.Queue[bytes | Exception | None] = queue.Queue(_LINES_AHEAD)
        self._ended = threading.Event()
        # Kept beside the connection, which lets go of it where the server will close it after its answer.
        self._socket: socket.socket | None = None
        parts = urlsplit(server.url)
        self._target = f"{parts.path}{path}"
        host, port = parts.hostname or "", parts.port
        self._connection: HTTPConnection = (
            HTTPSConnection(host, port, timeout=_CONNECT_SECONDS, context=ssl.create_default_context())
            if parts.scheme == "https"
            else HTTPConnection(host, port, timeout=_CONNECT_SECONDS)
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, name="model-server", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if (sock := self._socket or self._connection.sock) is not None:
            # Wakes the thread out of whatever it waits for; it closes what is left.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # beneath TLS, whose state is the thread's

    def events(self) -> Iterator[str | None]:
        """Yield the data of each event; None where nothing came for a moment, for the caller to look around.

        Ends where the server ends its answer. Raises `ModelServerDown`, `ModelServerRefused` or `ContextTooSmall`.
        """
        begun = time.monotonic()
        while True:
            try:
                came = self._came.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                came = b""
            now = time.monotonic()
            if isinstance(came, Exception):
                raise came
            if came is None:
                return
            if came.startswith(b"data:"):
                self._pulse.at = now
                yield came.removeprefix(b"data:").strip().decode("utf-8", errors="replace")
            else:
                yield None  # comments and other fields keep a connection alive, and say nothing
            if now - begun > self._server.timeout_seconds:
                raise AnswerTooSlow(f"An answer took longer than {self._server.timeout_seconds:g} s.")
            if now - max(begun, self._pulse.at) > self._server.silence_seconds:
                raise ModelServerDown(f"The model server wrote nothing for {self._server.silence_seconds:g} s.")

    def _run(self) -> None:
        try:
            with self._answer() as response:
                while line := response.readline(_LONGEST_LINE_BYTES + 1):
                    if len(line) > _LONGEST_LINE_BYTES:
                        raise ModelServerRefused("The model server sends lines without end.")  # noqa: TRY301
                    self._pass_on(line.rstrip(b"\r\n"))
            self._pass_on(None)
        except (ModelServerDown, ModelServerRefused, ContextTooSmall) as error:
            self._pass_on(error)
        except ssl.SSLCertVerificationError as error:
            self._pass_on(
                ModelServerRefused(
                    f"The certificate of the model server is not valid here: {error.verify_message.rstrip('.')}.",
                    remedy="Operators: let the system trust the authority that has signed it, or name its file in"
                    " SSL_CERT_FILE.",
                )
            )
        except (OSError, HTTPException, ValueError) as error:
            # The words of such errors may hold what was sent.
            self._pass_on(ModelServerDown(f"The model server does not answer ({type(error).__name__})."))
        finally:
            self._connection.close()

    def _answer(self) -> HTTPResponse:
        self._connection.connect()
        self._socket = self._connection.sock
        if self._ended.is_set():
            raise ConnectionAbortedError
        # Reading is bounded by those who wait, who look at the clock; this is for what outlives them.
        self._socket.settimeout(self._server.timeout_seconds)
        headers = {"Content-Type": "application/json", "Accept": _EVENTS_TYPE, "Accept-Encoding": "identity"}
        if key := self._server.key.get_secret_value():
            headers["Authorization"] = f"Bearer {key}"
        self._connection.request("POST", self._target, self._body, headers)
        response = self._connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise self._refusal(response.status, response.read(_LONGEST_REFUSAL_BYTES))
        kind = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != _EVENTS_TYPE:
            raise ModelServerRefused(
                f"The model server sends {_quoted(kind) or 'nothing'} where events were asked for."
            )
        return response

    def _refusal(self, status: int, content: bytes) -> ModelServerDown | ModelServerRefused | ContextTooSmall:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY:
            return ModelServerDown(f"The model server answered with {status}.")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return ModelServerRefused(f"The model server answered with a redirect ({status}), which is not followed.")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            # Some servers repeat the key here.
            return ModelServerRefused(f"The model server does not take the key ({status}).")
        said = content.decode("utf-8", errors="replace")
        if key := self._server.key.get_secret_value():
            said = said.replace(key, "…")
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE) and "context" in said.lower():
            return ContextTooSmall(
                f"The model server refused the request as too long ({status}): {_quoted(said)}",
                remedy="Ask the operator to set VOCALYX_LLM_SERVER_CONTEXT to what the server really reads.",
            )
        return ModelServerRefused(f"The model server answered with {status}: {_quoted(said)}")

    def _pass_on(self, came: bytes | Exception | None) -> None:
        while not self._ended.is_set():
            with suppress(queue.Full):
                self._came.put(came, timeout=_LOOK_SECONDS)
                return


def _quoted(text: str) -> str:
    """Return the beginning of what a server says, fit for a log and a page."""
    return "".join(character if character.isprintable() else " " for character in text)[:_QUOTED_CHARACTERS].strip()
